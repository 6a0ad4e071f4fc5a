"""An adopted instance under the watcher and the effects: seen, healed, stopped, deleted, with its own names."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cluster.adopted import label, mark_adopted
from cluster.kinds import CLAIM, DEPLOYMENT, POD, SECRET, SERVICE
from cluster.names import INSTANCE
from consumers.watching.watcher import Watcher
from schemas.codes import ErrorCode
from schemas.payloads import AdoptRequested, DatabaseRef, DeleteRequested
from schemas.types import EventType
from statemachine.states import State
from tests.integration.cluster.foreign import ALL, Foreign, deployment
from tests.integration.consumers.world import World
from tests.support.waiting import until

DATABASE = DatabaseRef(db_server_id="pg-1", host="pg-1", port=5432, database="shop", username="shop")
KINDS = ((DEPLOYMENT, "odoo-shop"), (CLAIM, "shop-files"), (SERVICE, "shop-web"), (SECRET, "shop-db"))


@pytest.fixture
def foreign(world: World) -> Foreign:
    """What somebody else made."""
    return Foreign(world.cluster)


@pytest_asyncio.fixture
async def watching(world: World) -> AsyncIterator[Watcher]:
    """A watcher that looks at everything again every second."""
    watcher = Watcher(world.engine, world.cluster, world.publisher, world.converger, grace=0.0, resync_every=1.0)
    task = asyncio.create_task(watcher.run())
    yield watcher
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _adopted(world: World, foreign: Foreign, found: str = "running", *, never: bool = False) -> None:
    """Labelled, then decided, as the API does it."""
    data = AdoptRequested.model_validate(
        {
            "customer_id": "acme",
            "name": f"shop-{world.id.hex[:8]}",
            "found": found,
            "never_initialised": never,
            "objects": ALL.model_dump(),
            "database": DATABASE.model_dump(),
        }
    )
    [expected] = await world.writer.preview([world.event(EventType.ADOPT_REQUESTED, data)])
    assert expected.instance is not None
    for kind, name in KINDS:
        there = await world.cluster.get(kind, name)
        assert there is not None
        await label(world.cluster, expected.instance, kind, there)
    await mark_adopted(world.cluster, expected.instance)
    await world.wish(EventType.ADOPT_REQUESTED, data)


async def _is(world: World, state: State) -> bool:
    return await world.state() is state


async def test_one_that_runs_stays_running_and_its_new_pods_are_labelled(
    world: World, foreign: Foreign, watching: Watcher
) -> None:
    await foreign.made()
    await foreign.ready()
    await _adopted(world, foreign)
    [pod] = await foreign.pods()
    await world.cluster.patch(POD, pod["metadata"]["name"], {"metadata": {"labels": {INSTANCE: None}}})

    async def labelled() -> bool:
        return all(INSTANCE in each["metadata"]["labels"] for each in await foreign.pods())

    await until(labelled, what="the watcher to label the pod")
    assert [each["metadata"]["uid"] for each in await foreign.pods()] == [pod["metadata"]["uid"]]
    assert (await world.state(), world.facts) == (State.RUNNING, [])


async def test_scaled_to_zero_by_hand_it_is_scaled_up_again(world: World, foreign: Foreign, watching: Watcher) -> None:
    await foreign.made()
    await foreign.ready()
    await _adopted(world, foreign)
    template = (await foreign.deployment())["spec"]["template"]
    await world.cluster.patch(DEPLOYMENT, "odoo-shop", {"spec": {"replicas": 0}})
    await until(lambda: _is(world, State.DEGRADED))
    await world.converge()
    await until(lambda: _is(world, State.RUNNING))
    healed = await foreign.deployment()
    assert (healed["spec"]["replicas"], healed["spec"]["template"]) == (1, template)


async def test_a_deployment_that_is_gone_is_shown_and_taken_up_when_it_is_made_again(
    world: World, foreign: Foreign, watching: Watcher
) -> None:
    await foreign.made()
    await foreign.ready()
    await _adopted(world, foreign)
    await world.cluster.delete(DEPLOYMENT, await foreign.deployment())
    await until(lambda: _absent(world))
    await until(lambda: _is(world, State.DEGRADED))
    await world.converge()
    row = await world.row()
    assert row.cause_code is ErrorCode.CLUSTER_REFUSED
    assert "Deployment odoo-shop is gone. It was adopted" in (row.cause or "")

    await foreign.put(DEPLOYMENT, deployment())
    await world.converge()
    await until(lambda: _is(world, State.RUNNING), 30)


async def _absent(world: World) -> bool:
    return await world.cluster.get(DEPLOYMENT, "odoo-shop") is None


async def test_it_is_stopped_started_trashed_restored_and_purged(
    world: World, foreign: Foreign, watching: Watcher
) -> None:
    await foreign.made()
    await foreign.ready()
    await _adopted(world, foreign)
    await world.wish(EventType.STOP_REQUESTED)
    await world.converge()
    assert await world.state() is State.STOPPED
    assert await foreign.pods() == []
    await world.wish(EventType.START_REQUESTED)
    await world.converge()
    await until(lambda: _is(world, State.RUNNING), 30)

    await world.wish(EventType.DELETE_REQUESTED)
    await world.converge()
    assert await foreign.pods() == []
    await world.wish(EventType.RESTORE_REQUESTED)
    await world.converge()
    assert await world.state() is State.STOPPED
    assert await world.cluster.get(CLAIM, "shop-files") is not None

    await world.wish(EventType.DELETE_REQUESTED)
    await world.timed_out(EventType.PURGE_DUE)
    await world.converge()
    assert await world.state() is State.DELETED
    for kind, name in KINDS:
        assert await world.cluster.get(kind, name) is None
    assert world.databases.released == [world.id]


async def test_one_that_never_ran_is_cleaned_up_and_retried_with_objects_of_its_own(
    world: World, foreign: Foreign
) -> None:
    await foreign.made(cpu="64")
    await _adopted(world, foreign, "error", never=True)
    assert await world.state() is State.CLEANING_UP
    await world.converge()
    assert await world.state() is State.ERROR
    for kind, name in KINDS:
        assert await world.cluster.get(kind, name) is None
    assert world.databases.emptied == [], "no node had taken its pod"

    await world.wish(EventType.RETRY_REQUESTED)
    await world.admitted()
    await world.converge()
    await world.seen_ready()
    row = await world.row()
    assert (row.attempt, row.adopted) == (2, None)


async def test_one_that_turned_ready_meanwhile_is_kept(world: World, foreign: Foreign) -> None:
    await foreign.made()
    await foreign.ready()
    await _adopted(world, foreign, "error", never=True)
    await world.converge()
    assert await world.state() is State.RUNNING
    assert (await world.row()).has_run
    assert len(await foreign.pods()) == 1


async def test_deleting_it_at_once_leaves_no_pod(world: World, foreign: Foreign) -> None:
    await foreign.made()
    await foreign.ready()
    await _adopted(world, foreign)
    await world.wish(EventType.DELETE_REQUESTED, DeleteRequested(now=True))
    await world.converge()
    assert await world.state() is State.DELETED
    assert await foreign.pods() == []
