"""What Reprise makes for Odoo, judged by a real API server: every manifest, and the `restricted` standard."""

import secrets
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from kubernetes_asyncio import client, config
from kubernetes_asyncio.client import ApiException

from cluster import emptying, manifests, security, server_manifests
from cluster.client import Cluster
from cluster.configuration import odoo_conf
from cluster.dedicated import DedicatedServers
from cluster.hosts import Exposure
from cluster.ingress import ingress
from cluster.kinds import POD
from cluster.names import DATABASE, attempt_labels, attempt_name, labels, selector, server_name
from cluster.observe import Phase
from cluster.profiles import DatabaseServer, Placement, Profile, Profiles
from schemas.settings import Settings
from tests.contract.client import Client, Object, refusal
from tests.integration.cluster.doing import CREDENTIALS, deployed, done, instance, reaches
from tests.support.waiting import until

EXAMPLE = Profiles.load(Settings(profiles=Path(__file__).parents[2] / "docs" / "profiles.yaml"))
PROFILES = {
    "built-in": Profile(),
    **EXAMPLE.profiles,
    "workers": Profile(workers=8, modules=("sale",), version="19.0", odoo_conf={"log_level": "debug"}),
    "plain host": Profile(ingress=Exposure(hosts="{id}.example.com")),
    "every toleration": Profile.model_validate(
        {"tolerations": [{"operator": "Exists"}, {"key": "a/b", "value": "c", "effect": "NoExecute"}]}
    ),
}
ROWS = {
    "new": instance(name="shop", customer_id="acme"),
    "ran": instance(name="9-shop", customer_id="acme", has_run=True, attempt=12),
    "long": instance(name="s" * 63, customer_id="c" * 63, attempt=2),
}
SERVERS = {"built-in": DatabaseServer(), "example": EXAMPLE.database_server, "debian": DatabaseServer(user_id=999)}
STRICT = {"dryRun": "All", "fieldValidation": "Strict", "force": "true"}


@pytest_asyncio.fixture
async def restricted(control_plane: Path) -> AsyncIterator[Client]:
    """A namespace in which only pods that pass the standard are admitted, removed with all that is in it."""
    configuration = client.Configuration()
    await config.load_kube_config(config_file=str(control_plane), client_configuration=configuration)
    async with client.ApiClient(configuration) as api:
        found = Client(api, f"odoo-{secrets.token_hex(4)}")
        enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
        await found.create("namespaces", {"metadata": {"name": found.namespace, "labels": enforced}})
        yield found
        await found.delete("namespaces", found.namespace)


@pytest_asyncio.fixture
async def cluster(control_plane: Path, restricted: Client) -> AsyncIterator[Cluster]:
    """Reprise's own client of that namespace."""
    settings = Settings(kubeconfig=control_plane, namespace=restricted.namespace, installation="test")
    async with Cluster(settings) as found:
        yield found


def of_odoo(row_name: str, profile: Profile) -> Iterator[tuple[str, Object]]:
    """Everything that an attempt is made of."""
    row = ROWS[row_name]
    conf = {"odoo.conf": odoo_conf(row, profile, CREDENTIALS, "master")}
    meta = {"name": attempt_name(row), "labels": attempt_labels("test", row)}
    yield "secrets", {"metadata": meta, "type": "Opaque", "stringData": conf}
    yield "persistentvolumeclaims", manifests.claim("test", row, profile)
    yield "services", manifests.service("test", row, profile)
    yield "deployments", manifests.deployment("test", row, profile, "fingerprint")
    if profile.ingress is not None:
        yield "ingresses", ingress("test", row, profile.ingress)


def of_server(server: DatabaseServer) -> Iterator[tuple[str, Object]]:
    """Everything that a dedicated database server is made of, and the Job that empties a database there."""
    meta = server_manifests.meta("test", UUID(int=7), "acme", "shop")
    yield "secrets", server_manifests.secret(meta, "secret")
    yield "services", server_manifests.service(meta)
    yield "statefulsets", server_manifests.stateful_set(meta, server, "odoo", "odoo")
    yield (
        "jobs",
        emptying._job("test", server, UUID(int=7), f"{meta['name']}-empty", emptying.made_anew("db", "odoo", "odoo")),
    )


async def accepted(api: Client, objects: Iterator[tuple[str, Object]]) -> list[str]:
    """Applies all of it as a dry run, strictly, and each pod that would come of it; answers the kinds."""
    kinds = []
    for plural, manifest in objects:
        await api.apply(plural, manifest, **STRICT)
        kinds.append(plural)
        template = manifest.get("spec", {}).get("template") if isinstance(manifest.get("spec"), dict) else None
        if template is not None:
            await api.create("pods", pod_of(template), dryRun="All", fieldValidation="Strict")
    return kinds


def pod_of(template: Object) -> Object:
    """The pod that a controller would make; a claim template's volume is the controller's to add."""
    volumes = template["spec"].get("volumes") or [{"name": server_manifests.VOLUME, "emptyDir": {}}]
    return {"metadata": {"name": "would-be", **template["metadata"]}, "spec": {**template["spec"], "volumes": volumes}}


@pytest.mark.parametrize(("row", "profile"), list(product(ROWS, PROFILES)))
async def test_every_manifest_of_odoo_is_accepted(restricted: Client, row: str, profile: str) -> None:
    kinds = await accepted(restricted, of_odoo(row, PROFILES[profile]))
    assert len(kinds) == (5 if PROFILES[profile].ingress else 4)


@pytest.mark.parametrize("server", SERVERS)
async def test_every_manifest_of_a_database_server_is_accepted(restricted: Client, server: str) -> None:
    assert await accepted(restricted, of_server(SERVERS[server])) == ["secrets", "services", "statefulsets", "jobs"]


async def test_odoo_and_its_database_server_run_where_the_standard_is_enforced(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row, Profiles(profiles={"default": PROFILES["plain host"]}))
    await reaches(cluster, row, Phase.READY)
    servers = DedicatedServers(cluster, DatabaseServer())
    await done(lambda: servers.ensure(row.id, "customer", "acme", "secret", "odoo", "odoo"), timeout=60)
    [pod] = await cluster.select(POD, selector(labels(cluster.installation, row.id, DATABASE)))
    assert pod["metadata"]["name"] == f"{server_name(row.id)}-0"


BREACHES: dict[str, tuple[str, Any]] = {
    "escalation": ("CONTAINER", {**security.CONTAINER, "allowPrivilegeEscalation": True}),
    "capabilities": ("CONTAINER", {"allowPrivilegeEscalation": False}),
    "root": ("pod", lambda user, group: {"seccompProfile": {"type": "RuntimeDefault"}}),
    "seccomp": ("pod", lambda user, group: {"runAsNonRoot": True, "runAsUser": user}),
}


@pytest.mark.parametrize("breach", BREACHES)
async def test_what_breaks_the_standard_is_not_admitted_and_the_cluster_says_why(
    cluster: Cluster, restricted: Client, breach: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = instance()
    monkeypatch.setattr(security, *BREACHES[breach])
    with pytest.raises(ApiException) as caught:
        await accepted(restricted, of_odoo("new", Profile()))
    assert 'violates PodSecurity "restricted' in refusal(caught.value)["message"]
    await deployed(cluster, row)

    async def said() -> str | None:
        return (await reaches(cluster, row, Phase.UNSCHEDULED)).cause

    cause = await until(said, 30, what="the cause")
    assert cause is not None
    assert 'violates PodSecurity "restricted' in cause


def test_a_placement_has_nothing_that_no_test_here_has_seen() -> None:
    seen = {field for profile in PROFILES.values() for field in profile.model_fields_set}
    assert set(Placement.model_fields) <= seen
