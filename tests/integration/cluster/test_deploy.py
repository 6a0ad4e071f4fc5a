"""Deploying: it becomes ready, keeps its passwords, and never replaces a customer's volume."""

import pytest

from cluster.client import Cluster
from cluster.deploy import deploy
from cluster.hosts import Exposure
from cluster.kinds import CLAIM, DEPLOYMENT, INGRESS, NODE, SECRET, SERVICE
from cluster.names import attempt_name
from cluster.observe import Phase
from cluster.profiles import Profile, Profiles
from cluster.secret import ADMIN, INITIALISE, MASTER, PASSWORD, read
from cluster.sight import look
from schemas.codes import ErrorCode
from schemas.errors import ClusterDown, ClusterRefused
from tests.integration.cluster.doing import CREDENTIALS, deployed, instance, reaches
from tests.support.failures import rows
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster  # its Odoo is ready though it has no database

EXPOSED = Profiles(profiles={"default": Profile(ingress=Exposure(hosts="{name}.{customer}.example.com"))})


async def test_what_is_deployed_becomes_ready(cluster: Cluster) -> None:
    row = instance()
    applied = await deployed(cluster, row)
    name = attempt_name(row)
    assert applied == [
        f"Secret/{name}",
        f"PersistentVolumeClaim/{name}",
        f"Service/{name}",
        f"Deployment/{name}",
    ]
    observed = await reaches(cluster, row, Phase.READY)
    assert observed.node in {node["metadata"]["name"] for node in await cluster.select(NODE)}
    assert (await look(cluster, row)).complete


async def test_deploying_again_changes_nothing_but_the_step(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    before = await look(cluster, row)
    row.step += 1
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    after = await look(cluster, row)
    assert [pod["metadata"]["uid"] for pod in before.pods] == [pod["metadata"]["uid"] for pod in after.pods]
    assert before.secret is not None
    assert after.secret is not None
    for key in (ADMIN, MASTER):
        assert read(before.secret, key) == read(after.secret, key) != ""


async def test_changed_credentials_reach_the_secret_and_restart_the_pod(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    before = await look(cluster, row)
    changed = CREDENTIALS.__class__("other.example", 5432, "odoo", "odoo", "rotated")
    await deploy(cluster, row, changed, Profiles())
    secret = await cluster.get(SECRET, attempt_name(row))
    assert secret is not None
    assert read(secret, PASSWORD) == "rotated"
    await reaches(cluster, row, Phase.READY)
    after = await look(cluster, row)
    assert {pod["metadata"]["uid"] for pod in before.pods}.isdisjoint(pod["metadata"]["uid"] for pod in after.pods)


@pytest.mark.parametrize("calls", range(1, 5))
async def test_a_crash_between_two_calls_is_made_good_by_the_next_run(
    cluster: Cluster, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = instance()
    await deployed(cluster, instance())  # the namespace is there
    apply, left = Cluster.apply, [calls - 1]

    async def crashing(self: Cluster, *args: object) -> object:
        if not left[0]:
            raise ClusterDown("the connection broke")
        left[0] -= 1
        return await apply(self, *args)  # type: ignore[arg-type] # handed on

    with monkeypatch.context() as patched:
        patched.setattr(Cluster, "apply", crashing)
        with pytest.raises(ClusterDown):
            await deploy(cluster, row, CREDENTIALS, Profiles())
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)


async def test_an_ingress_comes_and_goes_with_the_profile(cluster: Cluster) -> None:
    row = instance()
    assert f"Ingress/{attempt_name(row)}" in await deployed(cluster, row, EXPOSED)
    found = await cluster.get(INGRESS, attempt_name(row))
    assert found is not None
    assert [rule["host"] for rule in found["spec"]["rules"]] == ["acme.customer.example.com"]
    await reaches(cluster, row, Phase.READY)
    assert (await look(cluster, row)).complete
    await deployed(cluster, row, Profiles())

    async def gone() -> bool:
        return await cluster.get(INGRESS, attempt_name(row)) is None

    await until(gone)
    assert (await look(cluster, row)).missing == []


async def test_a_volume_that_is_gone_is_never_replaced_once_the_instance_has_run(cluster: Cluster) -> None:
    row = instance(has_run=True)
    with pytest.raises(ClusterRefused) as caught:
        await deployed(cluster, row)
    told = rows()["a volume that is gone"]
    assert told.said_by(caught.value.message), caught.value.message
    assert caught.value.code == told.code == ErrorCode.DATA_MISSING
    for kind in (SECRET, CLAIM, SERVICE, DEPLOYMENT):
        assert await cluster.get(kind, attempt_name(row)) is None


async def test_a_volume_that_is_being_deleted_counts_as_gone(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    claim = await cluster.get(CLAIM, attempt_name(row))
    assert claim is not None
    await cluster.delete(CLAIM, claim)  # it stays while a pod uses it
    row.has_run = True
    with pytest.raises(ClusterRefused) as caught:
        await deployed(cluster, row)
    assert caught.value.code is ErrorCode.DATA_MISSING


async def test_what_has_run_is_started_with_the_volume_it_has(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    before = await cluster.get(CLAIM, attempt_name(row))
    row.has_run = True
    row.step += 1
    await deployed(cluster, row)
    after = await cluster.get(CLAIM, attempt_name(row))
    assert before is not None
    assert after is not None
    assert before["metadata"]["uid"] == after["metadata"]["uid"]


async def test_what_has_run_is_not_initialised_again_and_its_pod_is_not_restarted_for_that(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    first = await look(cluster, row)
    row.has_run = True
    row.step += 1
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    again = await look(cluster, row)
    assert first.secret is not None
    assert again.secret is not None
    assert [read(secret, INITIALISE) for secret in (first.secret, again.secret)] == ["yes", "no"]
    assert [pod["metadata"]["uid"] for pod in again.pods] == [pod["metadata"]["uid"] for pod in first.pods]
