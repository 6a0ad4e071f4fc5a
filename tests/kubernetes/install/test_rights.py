"""The whole of what Reprise does, under exactly the accounts that install/ gives its parts, on a real control plane."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
import yaml
from pydantic import SecretStr

from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.profiles import DatabaseServer
from embedded.state import fernet_key
from schemas.errors import NotYet
from schemas.settings import Settings
from tests.controlplane.running import ControlPlane
from tests.integration.cluster.doing import done
from tests.kubernetes import cnpg
from tests.kubernetes.install.applying import Admin, admin_of
from tests.kubernetes.install.loop import Loop
from tests.kubernetes.install.rights import granted, refused, used
from tests.kubernetes.install.strangers import orphans, stopped
from tests.support.installation import Installation, client_of, served
from tests.support.kustomize import rendered
from tests.support.ports import free_port
from tests.support.running import running

PROFILES = {"profiles": {"default": {}, "hosted": {"ingress": {"hosts": "{id}.example.com"}}}}
WITH_ACCOUNT = ("database-service", "api", "cluster", "watcher")
WITHOUT = ("lifecycle", "relay", "database")
Object = dict[str, Any]


@pytest.fixture(scope="module")
def manifests() -> list[Object]:
    return rendered("base")


@pytest_asyncio.fixture
async def admin(own_control_plane: ControlPlane, manifests: list[Object]) -> AsyncIterator[Admin]:
    """Of a cluster with the namespaces, accounts and roles of install/."""
    wanted = ("Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    async with admin_of(own_control_plane.layout) as found:
        await found.define(cnpg.definition())
        for each in manifests:
            if each["kind"] in wanted:
                await found.apply(each)
        yield found


@pytest.fixture
def common(database: str, nats_url: str, tmp_path: Path) -> Settings:
    """Of every part."""
    profiles = tmp_path / "profiles.yaml"
    profiles.write_text(yaml.safe_dump(PROFILES))
    port = free_port()
    return Settings(
        database_url=database,
        nats_url=nats_url,
        profiles=profiles,
        database_service_url=f"http://127.0.0.1:{port}",
        port=port,
        jwt_secret=SecretStr("s" * 32),
        event_key=SecretStr("e" * 32),
        database_keys=SecretStr(fernet_key()),
        console_key=SecretStr(fernet_key()),
        failure_grace=2,
        resync_every=2,
        leader_timeout=2,
        log_level="warning",
    )


@pytest_asyncio.fixture
async def reprise(
    common: Settings, admin: Admin, own_control_plane: ControlPlane, tmp_path: Path
) -> AsyncIterator[Installation]:
    """One process for each part that has an account, and one for the others, which have none."""

    async def own(part: str) -> Settings:
        kubeconfig = tmp_path / f"{part}.kubeconfig"
        configuration = own_control_plane.layout.configuration(await admin.token(part), "reprise")
        kubeconfig.write_text(yaml.safe_dump(configuration))
        port = common.port if part == "database-service" else free_port()
        return common.model_copy(update={"kubeconfig": kubeconfig, "port": port, "metrics_port": free_port()})

    each = {part: await own(part) for part in WITH_ACCOUNT}
    others = common.model_copy(update={"metrics_port": free_port()})
    children = [served(others, WITHOUT), *(served(settings, [part]) for part, settings in each.items())]
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(running(child)) for child in children))
        yield await stack.enter_async_context(client_of(each["api"]))


async def test_everything_is_done_with_what_is_granted_and_nothing_is_granted_in_vain(
    reprise: Installation, admin: Admin, own_control_plane: ControlPlane, manifests: list[Object], tmp_path: Path
) -> None:
    log = own_control_plane.layout.audit_log
    await Loop(reprise, admin).everything()
    await a_server_by_cloudnativepg_comes_and_goes(tmp_path / "database-service.kubeconfig")
    assert refused(log) == []
    asked = used(log)
    assert [sorted(right) for right in granted(manifests) if not right & asked] == []
    await without_one_verb_it_fails(reprise, admin, manifests)
    await without_its_bindings_the_api_changes_nothing(reprise, admin)


async def a_server_by_cloudnativepg_comes_and_goes(kubeconfig: Path) -> None:
    """Asked for as the database-service asks, under its account; there is no operator to take it up."""
    server, row = DatabaseServer(provider="cloudnativepg"), uuid4()
    async with Cluster(Settings(kubeconfig=kubeconfig)) as cluster:
        servers = DedicatedServers(cluster, server)
        with pytest.raises(NotYet, match="no operator"):
            await servers.ensure(row, "acme", "shop", "secret", "odoo", "odoo")
        with pytest.raises(NotYet, match="no operator"):  # what is there decides, not the profile
            await DedicatedServers(cluster, DatabaseServer()).ensure(row, "acme", "shop", "secret", "odoo", "odoo")
        await done(lambda: servers.remove(row))


async def without_one_verb_it_fails(reprise: Installation, admin: Admin, manifests: list[Object]) -> None:
    """Where a verb is taken away it fails, in the cluster's words; a retry runs once it is back."""
    [role] = [each for each in manifests if (each["kind"], each["metadata"]["name"]) == ("Role", "effects")]
    less = deepcopy(role)
    for rule in less["rules"]:
        if "deployments" in rule["resources"]:
            rule["verbs"].remove("create")
    await admin.apply(less)
    one, loop = await reprise.create("forbidden"), Loop(reprise, admin)
    failed = await loop.reaches(one, "error")
    assert 'cannot create resource "deployments"' in failed["error_message"]
    await admin.apply(role)
    await loop.post(f"/api/instance/admin/retry-instance/{one}", {})
    await loop.reaches(one, "running")


async def without_its_bindings_the_api_changes_nothing(reprise: Installation, admin: Admin) -> None:
    """Who takes away what the API may write is told what is missing; reading goes on."""
    bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/reprise/rolebindings"
    for name in ("api-adopts", "api-removes-orphans"):
        await admin.ask("DELETE", f"{bindings}/{name}")
    for each in (stopped("late"), *orphans()):
        await admin.apply(each)
    listed = (await reprise.http.get("/api/cluster/orphans")).json()["items"]
    removing = {"expected": len(listed), "with_data": True, "reason": "left by a test"}
    refused_removal = await reprise.http.post("/api/cluster/orphans/remove", json=removing)
    adopting = {"customer_id": "acme", "name": "late", "objects": {"deployment": "late"}}
    refused_adoption = await reprise.http.post("/api/instances/adopt", json=adopting)
    assert (refused_removal.status_code, refused_adoption.status_code) == (502, 502)
    assert "cannot delete resource" in refused_removal.json()["detail"]
    assert "cannot patch resource" in refused_adoption.json()["detail"]
    assert len((await reprise.http.get("/api/cluster/orphans")).json()["items"]) == len(listed) >= 8
