"""Effects that are held back and resume when the world has moved on: no orphan, no stuck state, no harm."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cluster.client import Cluster
from cluster.credentials import Credentials
from cluster.deploy import deploy
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE, Kind
from cluster.names import ODOO, attempt_name, labels
from cluster.observe import Phase, observe
from cluster.profiles import Profiles
from cluster.removal import select
from cluster.sight import Sight, look, terminating
from consumers.converge import cleaning
from consumers.converge.converger import Converger
from schemas.errors import NotYet
from schemas.payloads import Averted, DeleteRequested, Nothing
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State
from tests.integration.consumers.world import NO_ROOM, World
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster  # its Odoo is ready though it has no database


class Gate:
    """Holds back the first call that comes to it; those after it pass."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._open = asyncio.Event()
        self._used = False

    async def hold(self) -> None:
        if not self._used:
            self._used = True
            self.reached.set()
            await self._open.wait()

    def open(self) -> None:
        self._open.set()


def gated(gate: Gate, call: Callable[..., Any], *, when: Callable[..., bool] = lambda *_: True) -> Callable[..., Any]:
    """`call`, before which the gate stands."""

    async def through(*args: Any, **kwargs: Any) -> Any:
        if when(*args):
            await gate.hold()
        return await call(*args, **kwargs)

    return through


def gated_after(gate: Gate, call: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, behind which the gate stands."""

    async def through(*args: Any, **kwargs: Any) -> Any:
        answer = await call(*args, **kwargs)
        await gate.hold()
        return answer

    return through


@asynccontextmanager
async def held(world: World, gate: Gate) -> AsyncIterator[None]:
    """An effect is held back while the block runs, and then goes on to its end."""

    async def resumed() -> bool:
        try:
            await Converger(world.parts, world.publisher).converge(world.id)
        except NotYet:
            return False
        return True

    async def effect() -> None:
        await until(resumed, 60)

    task = asyncio.create_task(effect())
    try:
        async with asyncio.timeout(30):
            await gate.reached.wait()
        yield
    finally:
        gate.open()
        async with asyncio.timeout(30):
            await task


async def objects(world: World) -> list[str]:
    """All that is there of the instance, of any attempt."""
    found = await select(world.cluster, (DEPLOYMENT, CLAIM, SERVICE, SECRET), labels("test", world.id, ODOO))
    return sorted({each["metadata"]["name"] for _, each in found})


async def retried(world: World) -> None:
    """The attempt failed and was cleaned up, a person retried, and the next one runs."""
    await world.timed_out()
    await world.converge()
    assert await world.state() is State.ERROR
    await world.wish(EventType.RETRY_REQUESTED)
    await world.admitted()
    await world.converge()


async def test_a_deployment_that_resumes_after_its_clean_up_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.deploying(**NO_ROOM)
    monkeypatch.setattr(Cluster, "apply", gated(gate, Cluster.apply, when=_of(DEPLOYMENT)))
    async with held(world, gate):
        await world.timed_out()
        await world.converge()
        assert await world.state() is State.ERROR
        assert await objects(world) == []
    assert await objects(world) == []
    assert await world.state() is State.ERROR


async def test_a_deployment_that_resumes_after_the_retry_deployed_leaves_the_retry_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.deploying()
    monkeypatch.setattr(Cluster, "apply", gated(gate, Cluster.apply, when=_of(DEPLOYMENT)))
    async with held(world, gate):
        await retried(world)
        await world.seen_ready()
    row = await world.row()
    await world.converger.tidy(world.id)
    assert row.attempt == 2
    assert await objects(world) == [attempt_name(row)]
    await world.seen_ready()


async def test_a_clean_up_that_resumes_after_the_retry_deployed_does_not_touch_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.deploying(**NO_ROOM)
    await world.converge()
    await world.timed_out()
    monkeypatch.setattr(cleaning, "look", gated_after(gate, look))
    async with held(world, gate):
        await world.converge()
        assert await world.state() is State.ERROR
        await world.wish(EventType.RETRY_REQUESTED)
        await world.admitted()
        await world.converge()
    row = await world.row()
    assert (row.state, row.attempt) == (State.DEPLOYING, 2)
    assert (await world.look()).complete
    assert await objects(world) == [attempt_name(row)]


async def test_a_clean_up_that_resumes_after_another_averted_it_removes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.deploying()
    await world.converge()
    before_it_was_ready = await world.look()
    await world.timed_out()
    await world.seen_ready()
    looks = [before_it_was_ready]

    async def looked_early(cluster: Cluster, row: Instance) -> Sight:
        return looks.pop() if looks else await look(cluster, row)

    monkeypatch.setattr(cleaning, "look", gated_after(gate, looked_early))
    async with held(world, gate):
        await world.converge()
        assert await world.state() is State.RUNNING
    assert await world.state() is State.RUNNING
    assert (await world.look()).complete
    await world.seen_ready()


async def test_a_clean_up_stops_before_the_volume_when_the_row_has_moved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.deploying(**NO_ROOM)
    await world.converge()
    await world.timed_out()
    monkeypatch.setattr(Cluster, "delete", gated_after(gate, Cluster.delete))
    async with held(world, gate):
        await world.fact(EventType.CLEANUP_AVERTED, Averted())
    assert await world.state() is State.RUNNING
    claim = (await world.look()).claim
    assert claim is not None
    assert not terminating(claim)


async def test_a_stop_whose_answer_comes_after_the_next_stop_ends_nothing(world: World) -> None:
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    late = world.parts.fact(await world.row(), EventType.STOP_COMPLETED, Nothing(), "held back")
    await world.converge()
    await world.wish(EventType.START_REQUESTED)
    await world.converge()
    await world.seen_ready()
    await world.fact(EventType.DEPLOY_READY)
    await world.wish(EventType.STOP_REQUESTED)
    await world.publisher.publish(late)
    assert await world.state() is State.STOPPING
    assert (await world.outcomes())[-1] == ("stop.completed", "stale")
    await world.converge()
    assert await world.state() is State.STOPPED


async def test_a_stop_that_resumes_after_the_start_leaves_it_running(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    monkeypatch.setattr(Cluster, "patch", gated(gate, Cluster.patch))
    async with held(world, gate):
        await world.converge()
        assert await world.state() is State.STOPPED
        await world.wish(EventType.START_REQUESTED)
        await world.converge()
        await world.seen_ready()
        await world.fact(EventType.DEPLOY_READY)
    row = await world.row()
    assert row.state is State.RUNNING
    seen = observe(await world.look(), None, world.parts.clock(), 0.0)
    assert seen.phase is Phase.READY


async def test_a_deployment_that_resumes_after_the_delete_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.deploying(**NO_ROOM)
    monkeypatch.setattr(Cluster, "apply", gated(gate, Cluster.apply, when=_of(DEPLOYMENT)))
    async with held(world, gate):
        await world.wish(EventType.DELETE_REQUESTED)
        await world.converge()
        assert await world.state() is State.DELETED
    assert await objects(world) == []


async def test_a_heal_that_resumes_after_the_delete_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    await world.converge()
    await world.wish(EventType.START_REQUESTED)
    monkeypatch.setattr(Cluster, "apply", gated(gate, Cluster.apply, when=_of(SECRET)))
    async with held(world, gate):
        await world.wish(EventType.DELETE_REQUESTED, DeleteRequested(now=True))
        await world.converge()
        assert await world.state() is State.DELETED
        assert await objects(world) == []
    assert await objects(world) == []


async def test_what_a_crashed_effect_left_is_tidied_up(world: World) -> None:
    await world.deploying(**NO_ROOM)
    early = await world.row()
    await world.timed_out()
    await world.converge()
    await deploy(world.cluster, early, Credentials("db", 5432, "odoo", "odoo", "secret"), Profiles())
    assert await objects(world) == [attempt_name(early)]

    async def tidied() -> bool:
        try:
            await world.converger.tidy(world.id)
        except NotYet:
            return False
        return await objects(world) == []

    await until(tidied)


def _of(kind: Kind) -> Callable[..., bool]:
    return lambda _, applied, *__: applied is kind
