"""The watcher on a real PostgreSQL and a cluster: it says what differs, whenever either side changes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from cluster.answers import Expired
from cluster.client import Cluster
from cluster.credentials import Credentials
from cluster.deploy import deploy
from cluster.hosts import Exposure
from cluster.kinds import DEPLOYMENT, EVENT, INGRESS, POD, SECRET, SERVICE, Kind
from cluster.names import attempt_name
from cluster.profiles import Profile, Profiles
from cluster.sight import Sight, look
from consumers.converge.converger import Converger
from consumers.watching import watcher as watcher_module
from consumers.watching.cache import WATCHED
from consumers.watching.watcher import Watcher
from schemas.codes import ErrorCode
from schemas.errors import ClusterDown, ClusterRefused
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State
from tests.integration.consumers.world import NO_ROOM, World
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster  # its Odoo is ready though it has no database

NEVER = 3600.0
NO_NODE = r"0/(\d) nodes are available: \1 Insufficient cpu\."


@asynccontextmanager
async def watching(world: World, *, resync_every: float = NEVER, grace: float = 0.0) -> AsyncIterator[Watcher]:
    """The watcher runs; after each fact it is told that the row has changed, as it would be over the bus."""
    watcher = Watcher(
        world.engine, world.cluster, world.publisher, world.converger, grace=grace, resync_every=resync_every
    )
    publish = world.publisher.publish

    async def publish_and_tell(*events: Any) -> None:
        await publish(*events)
        watcher.tell(event.instance_id for event in events)

    world.publisher.publish = publish_and_tell  # type: ignore[method-assign] # what the relay and NATS do otherwise
    task = asyncio.create_task(watcher.run())
    try:
        yield watcher
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        world.publisher.publish = publish  # type: ignore[method-assign] # as it was


async def reaches(world: World, state: State) -> None:
    async def reached() -> bool:
        return await world.state() is state

    await until(reached, 30, what=f"the instance to be {state}")


async def test_an_instance_is_followed_until_it_is_ready(world: World) -> None:
    await world.deploying()
    async with watching(world, grace=30.0):
        await world.converge()
        await reaches(world, State.RUNNING)
    assert (await world.row()).has_run
    assert set(world.facts) <= {EventType.DEPLOY_APPLIED, EventType.DEPLOY_SCHEDULED, EventType.DEPLOY_READY}


async def test_a_missing_room_is_recorded_once_and_live(world: World) -> None:
    await world.deploying(**NO_ROOM)
    async with watching(world, resync_every=0.05):
        await world.converge()

        async def caused() -> str | None:
            return (await world.row()).cause

        assert re.fullmatch(NO_NODE, await until(caused) or "")
        await _compared_again(world)
    assert (await world.row()).cause_code is ErrorCode.INSUFFICIENT_RESOURCES
    assert [row for row in await world.outcomes() if row[0] == "deploy.progressing"] == [
        ("deploy.progressing", "applied")
    ]


@pytest.mark.parametrize(("image", "code"), [("missing:1", ErrorCode.IMAGE_PULL), ("crash:1", ErrorCode.CRASH_LOOP)])
async def test_what_keeps_failing_fails_before_its_deadline(world: World, image: str, code: ErrorCode) -> None:
    await world.deploying(image=image)
    async with watching(world, grace=1.0):
        await world.converge()
        await reaches(world, State.CLEANING_UP)
    row = await world.row()
    assert row.error_code is code
    assert row.init_began


async def test_a_deployment_that_is_gone_is_lost_and_healed(world: World) -> None:
    await world.running()
    async with watching(world):
        deployment = (await world.look()).deployment
        assert deployment is not None
        await world.cluster.delete(DEPLOYMENT, deployment)
        await reaches(world, State.DEGRADED)
        await world.converge()
        await reaches(world, State.RUNNING)


@pytest.mark.parametrize("kind", [SERVICE, SECRET, INGRESS], ids=lambda kind: kind.name)
async def test_what_it_needs_beside_it_is_missed_and_made_again(world: World, kind: Kind) -> None:
    exposed = Profiles(profiles={"default": Profile(ingress=Exposure(hosts="{name}.{customer}.example.com"))})
    world.parts = replace(world.parts, profiles=exposed)
    world.converger = Converger(world.parts, world.publisher)
    await world.running()
    claim = (await world.look()).claim
    async with watching(world):
        found = await world.cluster.get(kind, attempt_name(await world.row()))
        assert found is not None
        await world.cluster.delete(kind, found)
        await reaches(world, State.DEGRADED)
        assert (await world.row()).cause == f"{kind.name} gone from beside the Deployment."
        await world.converge()
        await reaches(world, State.RUNNING)
    after = await world.look()
    assert after.complete
    assert claim is not None
    assert after.claim is not None
    assert claim["metadata"]["uid"] == after.claim["metadata"]["uid"]


async def test_a_pod_that_is_replaced_at_once_is_not_lost(world: World) -> None:
    await world.running()
    async with watching(world, grace=60.0, resync_every=0.05):
        [pod] = (await world.look()).pods
        await world.cluster.delete(POD, pod)

        async def replaced() -> bool:
            pods = (await world.look()).pods
            return bool(pods) and all(each["metadata"]["uid"] != pod["metadata"]["uid"] for each in pods)

        await until(replaced)
        await world.seen_ready()
        await _compared_again(world)
    assert EventType.DEPLOY_LOST not in world.facts


async def test_a_fact_that_was_lost_is_said_again_at_the_next_resync(world: World) -> None:
    await world.deploying()
    await world.converge()
    await world.seen_ready()
    lost: list[Any] = []
    publish = world.publisher.publish

    async def losing(*events: Any) -> None:
        if not lost and events:
            lost.extend(events)
            return
        await publish(*events)

    world.publisher.publish = losing  # type: ignore[method-assign] # a stream that was deleted
    async with watching(world, resync_every=0.1):
        await reaches(world, State.RUNNING)
    assert lost


async def test_a_watch_that_expired_is_begun_with_a_fresh_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, expired = Cluster.watch, set[Kind]()

    async def expiring(self: Cluster, kind: Any, version: str, *selecting: str, everywhere: bool) -> AsyncIterator[Any]:
        if kind not in expired:
            expired.add(kind)
            raise Expired("too old resource version")
        async for change in watch(self, kind, version, *selecting, everywhere=everywhere):
            yield change

    monkeypatch.setattr(Cluster, "watch", expiring)
    await world.deploying()
    async with watching(world):
        await until(lambda: expired.issuperset(WATCHED))
        await world.converge()
        await reaches(world, State.RUNNING)


async def test_a_cluster_that_does_not_answer_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.running()
    tried: list[Any] = []
    pages = Cluster.pages

    async def down(self: Cluster, kind: Any, *selecting: str, everywhere: bool) -> AsyncIterator[Any]:
        if kind is DEPLOYMENT and len(tried) < 3:
            tried.append(kind)
            raise ClusterDown("no route to host", retry_after=0.1)
        async for page in pages(self, kind, *selecting, everywhere=everywhere):
            yield page

    monkeypatch.setattr(Cluster, "pages", down)
    async with watching(world, resync_every=0.02):
        await until(lambda: len(tried) == 3)
        await _compared_again(world)
    assert await world.state() is State.RUNNING
    assert EventType.DEPLOY_LOST not in world.facts


async def test_where_events_may_not_be_read_the_rest_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refused, pages = asyncio.Event(), Cluster.pages

    async def refusing(self: Cluster, kind: Kind, *selecting: str, everywhere: bool) -> AsyncIterator[Any]:
        if kind is EVENT:
            refused.set()
            raise ClusterRefused(ErrorCode.FORBIDDEN, "events is forbidden")
        async for page in pages(self, kind, *selecting, everywhere=everywhere):
            yield page

    monkeypatch.setattr(Cluster, "pages", refusing)
    await world.deploying()
    async with watching(world):
        async with asyncio.timeout(30):
            await refused.wait()
        await world.converge()
        await reaches(world, State.RUNNING)


async def test_a_fault_of_ours_in_one_instance_does_not_blind_the_watcher(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty, compared = World(world.engine, world.cluster), watcher_module.compare

    def compare(row: Instance, *rest: Any) -> Any:
        if row.id == faulty.id:
            raise RuntimeError("a bug")
        return compared(row, *rest)

    monkeypatch.setattr(watcher_module, "compare", compare)
    await faulty.deploying()
    await world.deploying()
    async with watching(world, resync_every=0.2):
        await faulty.converge()
        await world.converge()
        await reaches(world, State.RUNNING)
    assert await faulty.state() is State.DEPLOYING


async def test_leftovers_of_a_failed_attempt_are_removed(world: World) -> None:
    await world.deploying(**NO_ROOM)
    early = await world.row()
    await world.timed_out()
    await world.converge()
    await deploy(world.cluster, early, Credentials("db", 5432, "odoo", "odoo", "secret"), Profiles())
    async with watching(world, resync_every=0.2):

        async def gone() -> bool:
            return await look(world.cluster, early) == Sight()

        await until(gone, 30)


async def test_objects_of_an_instance_that_no_row_knows_are_left(world: World) -> None:
    await world.deploying(**NO_ROOM)
    unknown = await world.row()
    unknown.id = uuid4()
    await deploy(world.cluster, unknown, Credentials("db", 5432, "odoo", "odoo", "secret"), Profiles())
    async with watching(world, resync_every=0.05):
        await _compared_again(world)
        await _compared_again(world)
    assert (await look(world.cluster, unknown)).complete


async def test_what_was_started_behind_a_stopped_row_is_stopped_again(world: World) -> None:
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    await world.converge()
    row = await world.row()
    await deploy(world.cluster, row, Credentials("db", 5432, "odoo", "odoo", "secret"), Profiles())
    async with watching(world, resync_every=0.2):

        async def stopped() -> bool:
            found = await world.cluster.get(DEPLOYMENT, attempt_name(row))
            return found is not None and found["spec"]["replicas"] == 0

        await until(stopped, 30)
    assert await world.state() is State.STOPPED


async def _compared_again(world: World) -> None:
    """A change of the cluster has gone all the way through, so that all before it has been seen too."""
    other = World(world.engine, world.cluster)
    other.publisher = world.publisher
    await other.deploying(**NO_ROOM)
    await deploy(other.cluster, await other.row(), Credentials("db", 5432, "odoo", "odoo", "secret"), Profiles())

    async def caused() -> str | None:
        return (await other.row()).cause

    await until(caused, 30)
