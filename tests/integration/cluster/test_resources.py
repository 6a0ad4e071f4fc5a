"""The objects of an instance as people look at them: what is there, and whether it is ready."""

from contextlib import suppress

import pytest

from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.kinds import CLAIM, POSTGRES_CLUSTER
from cluster.names import attempt_name, server_name
from cluster.observe import Phase
from cluster.profiles import DatabaseServer
from cluster.resources import Told, resources, told
from cluster.stop import stop
from schemas.errors import NotYet
from statemachine.instance import Instance
from tests.integration.cluster.doing import deployed, done, instance, reaches, removed, unmoved


async def seen(cluster: Cluster, row: Instance) -> dict[str, Told]:
    return {each.kind.name: each.told for each in await resources(cluster, row)}


@pytest.mark.own_cluster  # its Odoo is ready though it has no database
async def test_what_is_ready_says_so_and_what_is_stopped_is_not_meant_to_be(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    found = await seen(cluster, row)
    assert found["Deployment"] == (True, "1 of 1 replicas")
    assert found["Pod"].ready
    assert found["Pod"].says.startswith("on ")
    assert found["PersistentVolumeClaim"].ready
    assert found["Service"] == found["Secret"] == (None, "")
    await done(lambda: stop(cluster, row, unmoved))
    found = await seen(cluster, row)
    assert found["Deployment"] == (None, "scaled to zero")
    assert "Pod" not in found


async def test_a_pod_without_room_says_why(cluster: Cluster) -> None:
    row = instance(request={"cpu": "900"})
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.UNSCHEDULED)
    await done(lambda: _held(cluster, row))
    found = await seen(cluster, row)
    assert (found["Deployment"].ready, found["Pod"].ready) == (False, False)
    assert "Insufficient cpu" in found["Pod"].says


async def _held(cluster: Cluster, row: Instance) -> None:
    if not (await reaches(cluster, row, Phase.UNSCHEDULED)).cause:
        raise NotYet("the scheduler has not looked")


async def test_the_latest_attempt_stands_first_and_what_was_removed_does_not(cluster: Cluster) -> None:
    first, other = instance(), instance()
    second = instance(attempt=2)
    second.id = first.id
    for row in (first, second, other):
        await deployed(cluster, row)
    found = await resources(cluster, second)
    attempts = [each.attempt for each in found]
    assert attempts == sorted(attempts, key=lambda attempt: -(attempt or 0))
    assert set(attempts) == {1, 2}
    assert {each.name for each in found if each.kind is CLAIM} == {attempt_name(first), attempt_name(second)}
    await removed(cluster, first)
    assert {each.attempt for each in await resources(cluster, second)} == {2}


async def test_a_dedicated_database_server_is_told_too_and_of_no_attempt(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    with suppress(NotYet):
        await DedicatedServers(cluster, DatabaseServer()).ensure(row.id, "c", server_name(row.id), "p", "odoo", "odoo")
    found = {(each.kind.name, each.attempt) for each in await resources(cluster, row)}
    assert {("StatefulSet", None), ("Secret", None), ("Secret", 1)} <= found


def test_a_cluster_of_cloudnativepg_speaks_for_itself() -> None:
    found = {"metadata": {}, "spec": {"instances": 2}, "status": {"readyInstances": 1, "phase": "Setting up primary"}}
    assert told(POSTGRES_CLUSTER, found) == (False, "Setting up primary")


def test_what_is_on_its_way_out_says_that_first() -> None:
    assert told(CLAIM, {"metadata": {"deletionTimestamp": "now"}, "status": {"phase": "Bound"}}) == (
        False,
        "being deleted",
    )
