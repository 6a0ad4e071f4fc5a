"""Dedicated servers run by CloudNativePG: its own schema judges the manifests, and the test says what it would do."""

import secrets
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from kubernetes_asyncio import client, config

from cluster import cloudnativepg, server_manifests
from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.kinds import CLAIM, JOB, NAMESPACE, POSTGRES_CLUSTER, SECRET, SERVICE, STATEFUL_SET, Kind, Object
from cluster.names import DATABASE, labels, selector, server_name
from cluster.orphans import orphans
from cluster.profiles import DatabaseServer
from cluster.remove import kept
from cluster.secret import read
from schemas.errors import ClusterDown, ClusterRefused, NotYet
from schemas.settings import Settings
from statemachine.instance import Instance
from tests.contract.client import Client
from tests.controlplane.running import ControlPlane
from tests.integration.cluster.doing import done, instance
from tests.kubernetes.cnpg import definition
from tests.support.waiting import until

DEFINITION = Kind("CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False)
NAMES = ("odoo_db", "odoo_user")
OPERATED = DatabaseServer(provider="cloudnativepg")
CHOICES = {
    "the least": OPERATED,
    "everything": DatabaseServer.model_validate(
        {
            "provider": "cloudnativepg",
            "instances": 3,
            "operand_image": "ghcr.io/cloudnative-pg/postgresql:18",
            "storage_class": "standard",
            "image_pull_secret": "registry",
            "node_selector": {"disk": "ssd"},
            "node_affinity": [{"key": "zone", "operator": "In", "values": ["a", "b"]}],
            "tolerations": [{"key": "a/b", "operator": "Exists", "effect": "NoSchedule"}],
        }
    ),
}


@pytest_asyncio.fixture
async def cluster(own_control_plane: ControlPlane) -> AsyncIterator[Cluster]:
    """A namespace of its own."""
    settings = Settings(
        kubeconfig=own_control_plane.kubeconfig, namespace=f"cnpg-{secrets.token_hex(4)}", installation="test"
    )
    async with Cluster(settings) as made:
        await made.create(NAMESPACE, {"metadata": {"name": made.namespace}})
        yield made


@pytest_asyncio.fixture
async def installed(cluster: Cluster) -> Cluster:
    """The definition is there, as the operator's installation leaves it."""
    await cluster.create(DEFINITION, definition())
    await until(lambda: cluster.serves(POSTGRES_CLUSTER), 30)
    return cluster


async def ensure(servers: DedicatedServers, row: Instance) -> tuple[str, int]:
    return await servers.ensure(row.id, "acme", "shop", "s3cret-pw", *NAMES)


async def operator_says(cluster: Cluster, row: Instance, **status: object) -> None:
    """What the operator would write once it had done its work."""
    assert await cluster.patch(POSTGRES_CLUSTER, f"{server_name(row.id)}/status", {"status": status}) is not None


async def running(cluster: Cluster, server: DatabaseServer = OPERATED) -> tuple[DedicatedServers, Instance]:
    """A server that the operator has made."""
    servers, row = DedicatedServers(cluster, server), instance()
    with pytest.raises(NotYet):
        await ensure(servers, row)
    name = server_name(row.id)
    await operator_says(cluster, row, readyInstances=1, currentPrimary=f"{name}-1", writeService=f"{name}-rw")
    return servers, row


async def test_without_the_operator_it_is_refused_with_the_remedy(cluster: Cluster) -> None:
    """Before the definition is there: this test stands first, since the module shares one control plane."""
    assert not await cluster.serves(POSTGRES_CLUSTER)
    with pytest.raises(ClusterRefused, match="install CloudNativePG, or leave out the provider"):
        await ensure(DedicatedServers(cluster, OPERATED), instance())
    assert await cluster.select(SECRET) == []


@pytest.mark.parametrize("choice", CHOICES)
async def test_its_own_schema_accepts_the_manifest_strictly(
    own_control_plane: ControlPlane, installed: Cluster, choice: str
) -> None:
    configuration = client.Configuration()
    await config.load_kube_config(config_file=str(own_control_plane.kubeconfig), client_configuration=configuration)
    meta = server_manifests.meta("test", uuid4(), "acme", "shop")
    async with client.ApiClient(configuration) as api:
        found = Client(api, installed.namespace)
        strict = {"dryRun": "All", "fieldValidation": "Strict", "force": "true"}
        await found.apply("clusters", cloudnativepg.postgres_cluster(meta, CHOICES[choice], *NAMES), **strict)
        await found.apply("secrets", cloudnativepg.secret(meta, NAMES[1], "password", "s3cret-pw"), **strict)


async def test_it_answers_once_the_operator_says_that_a_primary_is_ready(installed: Cluster) -> None:
    servers, row = DedicatedServers(installed, OPERATED), instance()
    with pytest.raises(NotYet, match="is starting: no operator has taken it up"):
        await ensure(servers, row)
    await operator_says(installed, row, phase="Setting up primary", phaseReason="Creating primary instance")
    with pytest.raises(NotYet, match="is starting: Setting up primary: Creating primary instance"):
        await ensure(servers, row)
    name = server_name(row.id)
    await operator_says(installed, row, readyInstances=1, currentPrimary=f"{name}-1", writeService=f"{name}-rw")
    assert await ensure(servers, row) == (f"{name}-rw.{installed.namespace}.svc", 5432)


async def test_the_password_is_reprises_own_in_a_secret_that_the_operator_reads(installed: Cluster) -> None:
    servers, row = await running(installed)
    await servers.ensure(row.id, "acme", "shop", "n3w-pw", *NAMES)
    secret = await installed.get(SECRET, server_name(row.id))
    assert secret is not None
    assert (read(secret, "username"), read(secret, "password")) == ("odoo_user", "n3w-pw")
    assert (secret["type"], secret["metadata"]["labels"]["cnpg.io/reload"]) == ("kubernetes.io/basic-auth", "true")


async def test_asking_again_changes_nothing(installed: Cluster) -> None:
    servers, row = await running(installed)
    before = await installed.get(POSTGRES_CLUSTER, server_name(row.id))
    assert await ensure(servers, row) == await ensure(servers, row)
    after = await installed.get(POSTGRES_CLUSTER, server_name(row.id))
    assert before is not None
    assert after is not None
    assert before["metadata"]["generation"] == after["metadata"]["generation"]


async def test_it_is_emptied_by_its_owner_and_stays(installed: Cluster) -> None:
    servers, row = await running(installed)
    before = await installed.get(POSTGRES_CLUSTER, server_name(row.id))
    with pytest.raises(NotYet):
        await servers.empty(row.id, *NAMES)
    [job] = await installed.select(JOB)
    [psql] = job["spec"]["template"]["spec"]["containers"]
    assert psql["command"][2:] == ["--dbname=odoo_db", "--command", "DROP OWNED BY CURRENT_USER CASCADE"]
    host = {each["name"]: each.get("value") for each in psql["env"]}["PGHOST"]
    assert host == f"{server_name(row.id)}-rw"
    await done(lambda: servers.empty(row.id, *NAMES), timeout=60)
    assert await installed.select(JOB) == []
    after = await installed.get(POSTGRES_CLUSTER, server_name(row.id))
    assert before is not None
    assert after is not None
    assert before["metadata"]["uid"] == after["metadata"]["uid"]


async def test_a_release_leaves_nothing_of_it_and_a_second_one_says_so(installed: Cluster) -> None:
    servers, row = await running(installed)
    await inherited(installed, row)
    lines = await done(lambda: servers.remove(row.id), timeout=60)
    name = server_name(row.id)
    assert {(line.kind, line.name) for line in lines if line.action == "deleted"} == {
        ("Cluster", name),
        ("Secret", name),
        ("Service", f"{name}-rw"),
        ("PersistentVolumeClaim", f"{name}-1"),
    }
    wanted = selector(labels(installed.installation, row.id, DATABASE))
    for kind in (POSTGRES_CLUSTER, SECRET, SERVICE, CLAIM):
        assert await installed.select(kind, wanted) == []
    again = await done(lambda: servers.remove(row.id), timeout=60)
    assert {line.action for line in again} == {"absent"}


async def inherited(cluster: Cluster, row: Instance) -> None:
    """What the operator makes for it, with the labels that the Cluster hands down."""
    found = await cluster.get(POSTGRES_CLUSTER, server_name(row.id))
    assert found is not None
    handed_down = found["spec"]["inheritedMetadata"]["labels"]
    assert labels(cluster.installation, row.id, DATABASE).items() <= handed_down.items()
    service: Object = {"metadata": {"name": f"{server_name(row.id)}-rw", "labels": handed_down}}
    await cluster.create(SERVICE, {**service, "spec": {"ports": [{"port": 5432}]}})
    claim: Object = {"metadata": {"name": f"{server_name(row.id)}-1", "labels": handed_down}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    await cluster.create(CLAIM, {**claim, "spec": spec})


async def test_what_a_server_is_run_by_stays_when_the_profile_changes(installed: Cluster) -> None:
    """A second server beside the first would be an empty one, under the same instance."""
    _, operated = await running(installed)
    assert (await ensure(DedicatedServers(installed, DatabaseServer()), operated))[0].startswith(
        f"{server_name(operated.id)}-rw"
    )
    assert await installed.get(STATEFUL_SET, server_name(operated.id)) is None

    own = instance()
    await done(lambda: ensure(DedicatedServers(installed, DatabaseServer()), own), timeout=60)
    assert (await ensure(DedicatedServers(installed, OPERATED), own))[0] == (
        f"{server_name(own.id)}.{installed.namespace}.svc"
    )
    assert await installed.get(POSTGRES_CLUSTER, server_name(own.id)) is None


async def test_it_is_kept_by_a_clean_up_and_found_as_an_orphan(installed: Cluster) -> None:
    _, row = await running(installed)
    assert ("Cluster", server_name(row.id)) in {(line.kind, line.name) for line in await kept(installed, row)}

    async def nobody(ids: object) -> dict[object, Instance]:
        return {}

    found = {each.kind.name: each for each in await orphans(installed, nobody)}  # type: ignore[arg-type]  # knows none
    assert found["Cluster"].holds_data


async def test_a_namespace_that_is_not_there_yet_is_waited_for(own_control_plane: ControlPlane) -> None:
    settings = Settings(kubeconfig=own_control_plane.kubeconfig, namespace=f"cnpg-{secrets.token_hex(4)}")
    async with Cluster(settings) as made:
        with pytest.raises(ClusterDown, match="it is being made"):
            await ensure(DedicatedServers(made, OPERATED), instance())
