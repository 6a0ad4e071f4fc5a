"""Live rows against a cluster: what rests as it should agrees, and whatever was changed behind its back is named."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE
from cluster.names import attempt_name
from consumers.surveying import Objects, Survey, Surveyor
from persistence.replay import Selection
from persistence.selecting import pages
from schemas.payloads import DeleteRequested
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State
from tests.integration.consumers.world import World
from tests.support.waiting import until


async def surveyed(world: World, wanted: Selection | None = None, before: Objects | None = None) -> dict[UUID, str]:
    """What differs, by instance; `before`: what had been seen of the cluster a while ago."""
    surveyor, survey = Surveyor(world.engine, world.cluster, grace=0.0), Survey()
    objects = before if before is not None else await surveyor.census()
    rows = pages(world.engine, wanted or Selection())
    found = {each.instance_id: each.why async for each in surveyor.compare(rows, objects, survey)}
    return found | {each.instance_id: each.why async for each in surveyor.unknown(objects)}


async def running(world: World) -> Instance:
    await world.running()
    assert await surveyed(world) == {}
    return await world.row()


async def scale(cluster: Cluster, row: Instance, replicas: int) -> None:
    await cluster.patch(DEPLOYMENT, attempt_name(row), {"spec": {"replicas": replicas}})


async def remove(cluster: Cluster, row: Instance, kind: Any) -> None:
    found = await cluster.get(kind, attempt_name(row))
    assert found is not None
    await cluster.delete(kind, found)

    async def gone() -> bool:
        left = await cluster.get(kind, attempt_name(row))
        return left is None or "deletionTimestamp" in left["metadata"]

    await until(gone)


Change = Callable[[Cluster, Instance], Awaitable[None]]


async def without_service(cluster: Cluster, row: Instance) -> None:
    await remove(cluster, row, SERVICE)


async def without_deployment(cluster: Cluster, row: Instance) -> None:
    await remove(cluster, row, DEPLOYMENT)


async def without_secret(cluster: Cluster, row: Instance) -> None:
    await remove(cluster, row, SECRET)


async def at_zero(cluster: Cluster, row: Instance) -> None:
    await scale(cluster, row, 0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without_service, "Service {name} is missing"),
        (without_deployment, "Deployment {name} is missing"),
        (without_secret, "Secret {name} is missing"),
        (at_zero, "it does not run as it should: The Deployment was scaled to zero."),
    ],
)
async def test_what_runs_and_lacks_something_is_named(world: World, change: Change, why: str) -> None:
    row = await running(world)
    await change(world.cluster, row)
    found = await surveyed(world)
    assert set(found) == {row.id}
    assert why.format(name=attempt_name(row)) in found[row.id]


async def test_what_somebody_changed_in_an_object_is_named(world: World) -> None:
    row = await running(world)
    other = {"spec": {"ports": [{"name": "http", "port": 8069, "targetPort": 9999}]}}
    await world.cluster.patch(SERVICE, attempt_name(row), other)
    found = await surveyed(world)
    assert found == {row.id: "it does not run as it should: The Service was changed by somebody else than Reprise."}


async def test_what_is_stopped_keeps_its_volume_and_does_not_run(world: World) -> None:
    row = await running(world)
    await world.wish(EventType.STOP_REQUESTED)
    assert await surveyed(world) == {}, "on its way, nothing is said"
    await world.converge()
    assert await world.state() is State.STOPPED
    assert await surveyed(world) == {}
    await scale(world.cluster, row, 1)
    name = attempt_name(row)
    assert await surveyed(world) == {row.id: f"Deployment {name} is scaled to 1, and should be to 0"}
    await scale(world.cluster, row, 0)
    await remove(world.cluster, row, CLAIM)
    assert f"PersistentVolumeClaim {name} is missing" in (await surveyed(world))[row.id]


async def test_of_what_is_in_the_trash_the_volume_must_be_there(world: World) -> None:
    row = await running(world)
    await world.wish(EventType.DELETE_REQUESTED, DeleteRequested())
    await world.converge()
    assert (await world.state(), await surveyed(world)) == (State.TRASHED, {})
    await remove(world.cluster, row, DEPLOYMENT)
    assert await surveyed(world) == {}
    await remove(world.cluster, row, CLAIM)
    assert await surveyed(world) == {row.id: f"PersistentVolumeClaim {attempt_name(row)} is missing"}


async def failed(world: World) -> Instance:
    await world.deploying(cpu="64")
    await world.converge()
    await world.timed_out()
    await world.converge()
    row = await world.row()
    assert row.state is State.ERROR
    return row


async def left_over(world: World, row: Instance, attempt: int) -> None:
    """An object of that attempt, as a crash in the middle leaves it."""
    labels = {
        "reprise.dev/installation": world.cluster.installation,
        "reprise.dev/instance": str(row.id),
        "reprise.dev/role": "odoo",
        "reprise.dev/attempt": str(attempt),
    }
    metadata = {"name": f"left-{attempt}-{row.id.hex[:8]}", "labels": labels}
    await world.cluster.apply(SERVICE, {"metadata": metadata, "spec": {"ports": [{"port": 80}]}})


async def test_of_what_failed_and_of_what_is_deleted_nothing_may_be_left(world: World) -> None:
    row = await failed(world)
    assert await surveyed(world) == {}
    await left_over(world, row, 1)
    name = f"Service left-1-{row.id.hex[:8]}"
    assert await surveyed(world) == {row.id: f"{name} of attempt 1 should not be there"}
    await world.wish(EventType.DELETE_REQUESTED, DeleteRequested())
    await world.converge()
    assert (await world.state(), await surveyed(world)) == (State.DELETED, {})
    await left_over(world, row, 1)
    assert await surveyed(world) == {row.id: f"{name} should not be there"}


async def test_objects_of_another_attempt_are_named(world: World) -> None:
    row = await running(world)
    await left_over(world, row, 3)
    name = f"Service left-3-{row.id.hex[:8]}"
    assert await surveyed(world) == {row.id: f"{name} is of attempt 3, and the instance is at attempt 1"}


async def test_objects_of_an_instance_that_nobody_knows_are_named(world: World) -> None:
    row = await running(world)
    stranger = replace(row, id=uuid4())
    await left_over(world, stranger, 1)
    name = f"Service left-1-{stranger.id.hex[:8]}"
    assert await surveyed(world) == {stranger.id: f"no such instance is known, and there are {name}"}


async def test_what_moved_between_the_two_looks_is_looked_at_again(world: World) -> None:
    """The cluster was read before the instance ran: no false alarm."""
    early = await Surveyor(world.engine, world.cluster, grace=0.0).census()
    await running(world)
    assert await surveyed(world, before=early) == {}


async def test_only_the_rows_that_are_wanted_are_compared(world: World) -> None:
    row = await running(world)
    await remove(world.cluster, row, SERVICE)
    assert set(await surveyed(world, Selection(row.id))) == {row.id}
    assert await surveyed(world, Selection(uuid4())) == {}
    async with world.engine.connect() as connection:
        last = (await connection.execute(text("SELECT max(recorded_at) FROM audit_log"))).scalar_one()
    assert set(await surveyed(world, Selection(since=last))) == {row.id}
    assert await surveyed(world, Selection(since=last.replace(year=last.year + 1))) == {}
