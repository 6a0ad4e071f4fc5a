"""The audit log followed over a real socket: the rows that fit, as they are written, and none twice."""

from datetime import UTC, datetime, timedelta

import pytest

from api import tailing
from bus.connection import jetstream
from bus.streams import CHANGES_STREAM
from persistence import following
from schemas.errors import DependencyDown
from schemas.types import EventType
from tests.integration.api.listening import Listener, listening, relay
from tests.integration.api.world import World

FOLLOW = "/api/audit/follow"


async def types(listener: Listener, number: int) -> list[str]:
    """Of the next so many rows."""
    events = [await listener.next() for _ in range(number)]
    assert {each["event"] for each in events} == {"row"}
    return [each["data"]["type"] for each in events]


async def test_rows_are_told_as_the_log_has_them(world: World, address: str) -> None:
    await world.create("before")
    await relay(world)
    async with listening(address, world.admin, FOLLOW) as listener:
        await world.failed()
        await relay(world)
        told = [(await listener.next())["data"] for _ in range(7)]
    listed = (await world.admin.get("/api/audit", params={"limit": "7", "order": "newest"})).json()["items"]
    assert told == listed[::-1]


async def test_only_what_fits_is_told(world: World, address: str) -> None:
    async with (
        listening(address, world.admin, FOLLOW, error_code="insufficient_resources") as failures,
        listening(address, world.admin, FOLLOW, q="INSUFFICIENT cpu", type="deploy.progressing") as words,
        listening(address, world.admin, FOLLOW, customer_id="other") as others,
    ):
        await world.failed()
        await world.other.post("/api/instances", json={"name": "shop"})
        await relay(world)
        assert await types(failures, 1) == ["deploy.failed"]
        assert await types(words, 1) == ["deploy.progressing"]
        assert (await others.next())["data"]["customer_id"] == "other"


async def test_customers_follow_their_own_instances_alone(world: World, address: str) -> None:
    async with listening(address, world.other, FOLLOW) as stranger:
        await world.failed()
        await world.other.post("/api/instances", json={"name": "shop"})
        await relay(world)
        assert (await stranger.next())["data"]["customer_id"] == "other"
    refused = await world.other.get(FOLLOW, params={"customer_id": "acme"})
    assert (refused.status_code, refused.json()["detail"]) == (404, "Customer not found")


async def test_a_row_that_changed_nothing_is_told_too_and_once(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailing, "LOOK_EVERY", timedelta(0))
    identity = await world.running()
    await world.acme.post(f"/api/instances/{identity}/start")  # refused before anybody follows
    await relay(world)
    async with listening(address, world.admin, FOLLOW) as listener:
        assert (await world.acme.post(f"/api/instances/{identity}/retry")).status_code == 400
        refused = (await listener.next())["data"]
        assert (refused["type"], refused["outcome"]) == ("retry.requested", "rejected")
        await world.acme.post(f"/api/instances/{identity}/stop")
        await relay(world)
        assert await types(listener, 1) == ["stop.requested"]
        await world.say(identity, EventType.STOP_COMPLETED)
        await relay(world)
        assert await types(listener, 1) == ["stop.completed"]


async def test_a_listener_goes_on_where_it_left_off(world: World, address: str) -> None:
    identity = await world.deploying()
    await relay(world)
    async with listening(address, world.admin, FOLLOW, after="3") as listener:
        assert await types(listener, 2) == ["deploy.applied", "deploy.progressing"]
    await jetstream(world.backend.nats).purge_stream(CHANGES_STREAM)
    async with listening(address, world.admin, FOLLOW, after="2", instance_id=identity) as listener:
        assert (await listener.next())["event"] == "reset"


async def test_more_than_one_look_tells_is_told_as_missed(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.failed()
    await relay(world)
    monkeypatch.setattr(following, "MOST", 2)
    async with listening(address, world.admin, FOLLOW, after="1") as listener:
        events = [(await listener.next())["event"] for _ in range(2)]
        while events[-1] != "reset":
            events.append((await listener.next())["event"])
    assert "row" in events


async def test_an_outage_of_postgresql_is_waited_for(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, failures = following.told, iter([True, True])
    monkeypatch.setattr(tailing, "PAUSE", 0.01)

    async def sometimes(*arguments: object) -> object:
        if next(failures, False):
            raise DependencyDown("postgresql", "it is away")
        return await honest(*arguments)  # type: ignore[arg-type]  # whatever it was given

    monkeypatch.setattr(following, "told", sometimes)
    async with listening(address, world.admin, FOLLOW) as listener:
        await world.create()
        await relay(world)
        assert await types(listener, 1) == ["provision.requested"]


async def test_a_period_that_is_over_has_nothing_new(world: World, address: str) -> None:
    over = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    async with (
        listening(address, world.admin, FOLLOW, until=over) as past,
        listening(address, world.admin, FOLLOW, since=over) as present,
    ):
        await world.create()
        await relay(world)
        assert await types(present, 1) == ["provision.requested"]
        world.backend.stopping.set()
        assert (await past.next())["event"] == "end"
