"""Removing: seen gone, told in the receipt, and nothing that is not ours or that has changed."""

import json
from dataclasses import replace

import pytest

from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.hosts import Exposure
from cluster.kinds import CLAIM, DEPLOYMENT, INGRESS, SECRET
from cluster.leftovers import leftovers, remove_leftovers
from cluster.names import INSTALLATION, attempt_name
from cluster.observe import Phase
from cluster.profiles import DatabaseServer, Profile, Profiles
from cluster.remove import remove, remove_everything
from cluster.sight import Sight, look
from schemas.errors import NotYet, Refused
from schemas.payloads import ReceiptLine
from statemachine.states import State
from tests.integration.cluster.doing import deployed, done, instance, no_database, reaches, removed, unmoved


def told(lines: list[ReceiptLine]) -> list[tuple[str, str]]:
    return [(line.kind, line.action) for line in lines]


ALL_DELETED = [
    ("Deployment", "deleted"),
    ("PersistentVolumeClaim", "deleted"),
    ("Service", "deleted"),
    ("Secret", "deleted"),
]


@pytest.mark.own_cluster
async def test_all_of_an_attempt_is_seen_gone(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    lines = await removed(cluster, row)
    assert told(lines)[:4] == ALL_DELETED
    assert [line.kind for line in lines[4:]] == ["Pod"]  # a node had taken it
    assert await look(cluster, row) == Sight()


async def test_a_pod_that_no_node_took_is_not_in_the_receipt(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)
    assert told(await removed(cluster, row)) == ALL_DELETED


async def test_removing_again_finds_nothing(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await removed(cluster, row)
    assert {action for _, action in told(await removed(cluster, row))} == {"absent"}


async def test_whoever_goes_on_after_a_crash_still_tells_all(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)

    async def crash(started: bool) -> list[ReceiptLine]:
        raise RuntimeError("crash")

    async def interrupted() -> list[ReceiptLine]:
        return await remove(cluster, row, await look(cluster, row), unmoved, crash)

    with pytest.raises(RuntimeError, match="crash"):
        await done(interrupted)
    assert await cluster.get(CLAIM, attempt_name(row)) is None
    assert told(await removed(cluster, row)) == ALL_DELETED


@pytest.mark.own_cluster
async def test_the_database_is_dealt_with_when_no_pod_is_left(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    await reaches(cluster, row, Phase.READY)
    asked: list[bool] = []

    async def database(started: bool) -> list[ReceiptLine]:
        assert (await look(cluster, row)).pods == ()
        asked.append(started)
        return [ReceiptLine(kind="Database", name="odoo", action="emptied", why="so")]

    async def attempt() -> list[ReceiptLine]:
        return await remove(cluster, row, await look(cluster, row), unmoved, database)

    lines = await done(attempt)
    assert set(asked) == {True}
    assert ("Database", "emptied") in told(lines)


async def test_what_has_run_is_not_for_clean_up(cluster: Cluster) -> None:
    row = instance()
    await deployed(cluster, row)
    row.has_run = True
    with pytest.raises(Refused):
        await remove(cluster, row, await look(cluster, row), unmoved, no_database)
    assert (await look(cluster, row)).complete


async def test_a_deployment_that_changed_since_the_look_is_left(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)
    old = await look(cluster, row)
    await deployed(cluster, replace(row, step=row.step + 1))
    with pytest.raises(NotYet, match="changed since"):
        await remove(cluster, row, old, unmoved, no_database)
    assert (await look(cluster, row)).complete


async def test_a_row_that_moved_ends_it_before_the_volume_goes(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)

    async def moved() -> None:
        if await cluster.get(DEPLOYMENT, attempt_name(row)) is None:
            raise RuntimeError("moved")

    async def attempt() -> list[ReceiptLine]:
        return await remove(cluster, row, await look(cluster, row), moved, no_database)

    with pytest.raises(RuntimeError, match="moved"):
        await done(attempt)
    assert await cluster.get(DEPLOYMENT, attempt_name(row)) is None
    assert await cluster.get(CLAIM, attempt_name(row)) is not None


async def test_another_installations_objects_are_left(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)
    relabelled = {"metadata": {"labels": {INSTALLATION: "another"}}}
    await cluster.patch(SECRET, attempt_name(row), relabelled)
    await removed(cluster, row)
    assert await cluster.get(SECRET, attempt_name(row)) is not None


async def test_the_dedicated_server_is_kept_and_the_receipt_says_why(cluster: Cluster) -> None:
    row = instance(request={"db_type": "dedicated", "cpu": "64"})
    await deployed(cluster, row)
    servers = DedicatedServers(cluster, DatabaseServer())
    await done(lambda: servers.ensure(row.id, "customer", "acme", "secret", "odoo", "odoo"))
    lines = await removed(cluster, row)
    kept = [line for line in lines if line.action == "kept"]
    assert {line.kind for line in kept} == {"StatefulSet", "PersistentVolumeClaim", "Service", "Secret"}
    assert {line.why for line in kept} == {"the database server is reused by the retry"}


async def test_everything_of_a_deleted_instance_goes(cluster: Cluster) -> None:
    row = instance(has_run=False)
    await deployed(cluster, row)
    later = replace(row, attempt=2)
    await deployed(cluster, later)
    later.has_run = True
    lines = await done(lambda: remove_everything(cluster, later, unmoved, no_database))
    assert {line.action for line in lines} == {"deleted"}
    assert {attempt_name(row), attempt_name(later)} <= {line.name for line in lines}
    assert await look(cluster, later) == Sight()
    assert await look(cluster, row) == Sight()


async def test_an_ingress_goes_with_its_attempt_and_the_certificate_with_the_instance(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    exposure = Exposure(hosts="{name}.{customer}.example.com", issuer="letsencrypt")
    await deployed(cluster, row, Profiles(profiles={"default": Profile(ingress=exposure)}))
    ingress = await cluster.get(INGRESS, attempt_name(row))
    assert ingress is not None
    template = json.loads(ingress["metadata"]["annotations"]["cert-manager.io/secret-template"])
    name = ingress["spec"]["tls"][0]["secretName"]
    await cluster.apply(SECRET, {"metadata": {"name": name, **template}})  # as cert-manager does
    assert ("Ingress", "deleted") in told(await removed(cluster, row))
    assert await cluster.get(INGRESS, attempt_name(row)) is None
    assert await cluster.get(SECRET, name) is not None
    lines = await done(lambda: remove_everything(cluster, row, unmoved, no_database))
    assert name in {line.name for line in lines if line.action == "deleted"}
    assert await cluster.get(SECRET, name) is None


async def test_leftovers_are_attempts_that_never_ran(cluster: Cluster) -> None:
    first, second, third = (instance(request={"cpu": "64"}) for _ in range(3))
    second, third = replace(first, attempt=2), replace(first, attempt=3)
    for row in (first, second, third):
        await deployed(cluster, row)
    row = replace(second, state=State.RUNNING, has_run=True)
    assert await leftovers(cluster, row) == [1]
    await done(lambda: remove_leftovers(cluster, row, unmoved))
    assert await look(cluster, first) == Sight()
    assert (await look(cluster, second)).complete
    assert (await look(cluster, third)).complete  # the database may have been restored to an earlier day


@pytest.mark.parametrize(
    ("state", "has_run", "found"),
    [
        (State.PENDING, False, []),
        (State.DEPLOYING, False, []),
        (State.CLEANING_UP, False, []),
        (State.ERROR, False, [1]),
        (State.RUNNING, True, []),
        (State.STOPPED, True, []),
        (State.DELETED, False, [1]),
        (State.DELETED, True, [1]),
    ],
)
async def test_the_present_attempt_is_a_leftover_only_when_it_is_over(
    cluster: Cluster, state: State, has_run: bool, found: list[int]
) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)
    assert await leftovers(cluster, replace(row, state=state, has_run=has_run)) == found


async def test_no_leftover_of_a_deleted_instance_that_has_run_is_its_volume(cluster: Cluster) -> None:
    row = instance(request={"cpu": "64"})
    await deployed(cluster, row)
    gone = replace(row, state=State.DELETED, has_run=True)
    await done(lambda: remove_leftovers(cluster, gone, unmoved))
    assert await cluster.get(CLAIM, attempt_name(row)) is not None
    assert await cluster.get(DEPLOYMENT, attempt_name(row)) is None
