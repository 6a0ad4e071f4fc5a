"""What somebody changes or removes of a running instance is seen, told and put right; its data is left alone."""

from typing import Any

import pytest

from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE, Kind, Object
from cluster.names import attempt_name
from schemas.types import EventType
from statemachine.states import State
from tests.integration.consumers.test_watcher import reaches, watching
from tests.integration.consumers.world import NO_ROOM, World
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster  # its Odoo is ready though it has no database

SELECTOR = {"spec": {"selector": {"reprise.dev/instance": "another"}}}
PASSWORD = {"data": {"database-password": "d3Jvbmc="}}
IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "odoo", "image": "other:1"}]}}}}


async def _found(world: World, kind: Kind) -> Object:
    found = await world.cluster.get(kind, attempt_name(await world.row()))
    assert found is not None
    return found


async def _healed(world: World) -> None:
    """It was lost, and runs again."""

    async def lost_and_found() -> bool:
        await world.converge()
        return ("deploy.lost", "applied") in await world.outcomes() and await world.state() is State.RUNNING

    await until(lost_and_found, 60, what="the instance to be lost and healed")


async def _causes(world: World) -> list[str]:
    return [event.data.cause for event in world.publisher.published if event.type is EventType.DEPLOY_LOST]  # type: ignore[attr-defined] # of Lost


@pytest.mark.parametrize("kind", [SERVICE, SECRET, DEPLOYMENT], ids=lambda kind: str(kind.name))
async def test_what_is_deleted_is_made_anew(world: World, kind: Kind) -> None:
    await world.running()
    volume = (await _found(world, CLAIM))["metadata"]["uid"]
    async with watching(world):
        await world.cluster.delete(kind, await _found(world, kind))
        await _healed(world)
    assert f"{kind.name}" in (await _causes(world))[0]
    assert "gone" in (await _causes(world))[0]
    assert (await _found(world, kind))["metadata"].get("deletionTimestamp") is None
    assert (await _found(world, CLAIM))["metadata"]["uid"] == volume


@pytest.mark.parametrize(
    ("kind", "change"), [(SERVICE, SELECTOR), (SECRET, PASSWORD)], ids=lambda value: getattr(value, "name", "")
)
async def test_what_is_changed_is_put_right(world: World, kind: Kind, change: dict[str, Any]) -> None:
    await world.running()
    before = await _found(world, kind)
    async with watching(world):
        await _by_hand(world, kind, change)
        await _healed(world)
    assert await _causes(world) == [f"The {kind.name} was changed by somebody else than Reprise."]
    after = await _found(world, kind)
    [part] = change
    for name in change[part]:
        assert after[part][name] == before[part][name]


async def test_an_image_that_is_changed_is_changed_back(world: World) -> None:
    await world.running()
    async with watching(world):
        await _by_hand(world, DEPLOYMENT, IMAGE, "application/strategic-merge-patch+json")
        await _healed(world)
    [odoo] = (await _found(world, DEPLOYMENT))["spec"]["template"]["spec"]["containers"]
    assert odoo["image"] == "odoo:18.0"


async def test_what_others_add_is_theirs(world: World) -> None:
    await world.running()
    async with watching(world, resync_every=0.05) as watcher:
        await _by_hand(world, SERVICE, {"metadata": {"annotations": {"example.com/mine": "yes"}}})
        version = (await _found(world, SERVICE))["metadata"]["resourceVersion"]

        async def seen() -> bool:
            service = watcher._cache.sight(await world.row()).service
            return service is not None and service["metadata"]["resourceVersion"] == version

        await until(seen)
        await _compared(watcher)
    assert EventType.DEPLOY_LOST not in world.facts
    assert (await _found(world, SERVICE))["metadata"]["annotations"] == {"example.com/mine": "yes"}


async def test_two_who_disagree_do_not_make_it_flap(world: World) -> None:
    await world.running()
    async with watching(world, grace=3600.0, resync_every=0.05) as watcher:
        await _by_hand(world, SERVICE, SELECTOR)
        await until(lambda: _is_noticed(world, watcher))
    assert EventType.DEPLOY_LOST not in world.facts, "it serves, and has run for less than the grace"


async def test_what_is_held_is_told_and_left_alone(world: World) -> None:
    await world.running()
    await world.wish(EventType.HOLD_REQUESTED)
    async with watching(world):
        await world.cluster.delete(SERVICE, await _found(world, SERVICE))
        await reaches(world, State.DEGRADED)
        await world.converge()
    assert (await world.look()).service is None
    async with watching(world):
        await world.wish(EventType.RELEASE_REQUESTED)
        await _healed(world)


async def _deploying(world: World) -> None:
    await world.deploying(**NO_ROOM)
    await world.converge()


async def _starting(world: World) -> None:
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    await world.converge()
    await world.wish(EventType.START_REQUESTED)
    await world.converge()


@pytest.mark.parametrize("beginning", [_deploying, World.initializing, _starting], ids=lambda each: each.__name__)
async def test_what_is_held_on_its_way_is_not_made_again_until_it_is_released(world: World, beginning: Any) -> None:
    await beginning(world)
    before = await world.row()
    await world.wish(EventType.HOLD_REQUESTED)
    await world.cluster.delete(DEPLOYMENT, await _found(world, DEPLOYMENT))
    async with watching(world, resync_every=0.05) as watcher:
        await until(lambda: all(follower.live for follower in watcher._followers))
        watcher.tell({world.id})
        await _compared(watcher)
        await world.converge()
        assert (await world.look()).deployment is None
        assert await world.state() is before.state
        await world.wish(EventType.RELEASE_REQUESTED)
        watcher.tell({world.id})
        await until(lambda: _is_there(world))


async def test_what_is_held_and_stopped_may_be_started_by_hand(world: World) -> None:
    await world.running()
    await world.wish(EventType.STOP_REQUESTED)
    await world.converge()
    await world.wish(EventType.HOLD_REQUESTED)
    async with watching(world, resync_every=0.05) as watcher:
        await _by_hand(world, DEPLOYMENT, {"spec": {"replicas": 1}})
        await world.seen_ready()
        await _compared(watcher)
        await world.converge()
        assert (await _found(world, DEPLOYMENT))["spec"]["replicas"] == 1
        await world.wish(EventType.RELEASE_REQUESTED)
        watcher.tell({world.id})
        await until(lambda: _is_scaled_to_zero(world))


async def _is_there(world: World) -> bool:
    await world.converge()
    return (await world.look()).deployment is not None


async def _is_scaled_to_zero(world: World) -> bool:
    return (await _found(world, DEPLOYMENT))["spec"]["replicas"] == 0


async def _is_noticed(world: World, watcher: Any) -> bool:
    """The watcher has seen the change, and will look again when the grace is over."""
    return (await world.row()).id in watcher._again


async def _compared(watcher: Any) -> None:
    """Everything the watcher was told of has been compared."""
    await until(lambda: _idle(watcher))


async def _idle(watcher: Any) -> bool:
    return not watcher._dirty


async def _by_hand(world: World, kind: Kind, change: Object, content: str = "application/merge-patch+json") -> None:
    """As kubectl would: under another manager's name."""
    path = kind.path(world.cluster.namespace, attempt_name(await world.row()))
    await world.cluster._connection.ask("PATCH", path, {"fieldManager": "kubectl-edit"}, change, content)
