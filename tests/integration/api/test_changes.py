"""Server-sent events over a real socket: live, resumed, narrowed to the caller, told when something was missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest_asyncio
from fastapi import FastAPI

from api.server import bind, serve
from bus.connection import jetstream
from bus.relay import Relay
from bus.streams import CHANGES_STREAM, ensure
from tests.integration.api.world import World
from tests.support.waiting import until


@pytest_asyncio.fixture
async def address(app: FastAPI, world: World) -> AsyncIterator[str]:
    """Where a real server serves the application; ended by the event that ends the process."""
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving = asyncio.create_task(serve(app, listening, world.backend.stopping))
    yield url
    world.backend.stopping.set()
    async with asyncio.timeout(30):
        await serving


class Listener:
    """Reads events as a browser does."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next event that has a name; "end" where the server ended the stream."""
        found: dict[str, Any] = {}
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line == "" and "event" in found:
                    return found
                name, _, value = line.partition(": ")
                if name in ("id", "event", "data"):
                    found[name] = json.loads(value) if name == "data" else value
        return {"event": "end"}


@asynccontextmanager
async def listening(url: str, client: httpx.AsyncClient, **headers: str) -> AsyncIterator[Listener]:
    """An open stream of /api/events."""
    token = {"Authorization": client.headers["authorization"]}
    async with (
        httpx.AsyncClient(base_url=url, timeout=20) as real,
        real.stream("GET", "/api/events", headers=token | {k.replace("_", "-"): v for k, v in headers.items()}) as got,
    ):
        assert got.status_code == 200
        assert got.headers["content-type"].startswith("text/event-stream")
        yield Listener(got)


async def _relay(world: World) -> None:
    """Everything that is due goes into JetStream."""
    await Relay(world.backend.engine, jetstream(world.backend.nats), b"e" * 32).move()


async def test_changes_are_told_as_they_happen(world: World, address: str) -> None:
    async with listening(address, world.acme) as listener:
        created = await world.create()
        await _relay(world)
        event = await listener.next()
    assert event["event"] == "state.changed"
    assert event["data"]["instance_id"] == created["id"]
    assert (event["data"]["state_before"], event["data"]["state_after"]) == ("none", "pending")
    assert (event["data"]["status"], event["data"]["provisioning_status"]) == ("creating", "pending")


async def test_a_listener_goes_on_where_it_left_off(world: World, address: str) -> None:
    identity = await world.failed()
    await _relay(world)
    async with listening(address, world.acme, Last_Event_ID="0") as listener:
        first = await listener.next()
        second = await listener.next()
    async with listening(address, world.acme, Last_Event_ID=first["id"]) as listener:
        assert await listener.next() == second
    assert first["data"]["instance_id"] == identity


async def test_customers_hear_of_their_own_instances_alone(world: World, address: str) -> None:
    async with listening(address, world.other) as stranger, listening(address, world.admin) as admin:
        mine = await world.create("shop")
        theirs = (await world.other.post("/api/instances", json={"name": "shop"})).json()
        await _relay(world)
        assert (await stranger.next())["data"]["instance_id"] == theirs["id"]
        assert (await admin.next())["data"]["instance_id"] == mine["id"]


async def test_one_instance_can_be_followed(world: World, address: str) -> None:
    one, two = await world.create("one"), await world.create("two")
    token = {"Authorization": world.acme.headers["authorization"], "Last-Event-ID": "0"}
    await _relay(world)
    query = {"instance_id": two["id"]}
    async with httpx.AsyncClient(base_url=address, headers=token) as real:
        async with real.stream("GET", "/api/events", params=query) as got:
            assert (await Listener(got).next())["data"]["instance_id"] == two["id"]
        stranger = {"Authorization": world.other.headers["authorization"]}
        refused = await real.get("/api/events", params={"instance_id": one["id"]}, headers=stranger)
    assert refused.status_code == 404


async def test_who_missed_changes_is_told_to_look_anew(world: World, address: str) -> None:
    async with listening(address, world.acme, Last_Event_ID="4711") as listener:
        assert (await listener.next())["event"] == "reset"
    js = jetstream(world.backend.nats)
    await world.create()
    await _relay(world)
    await js.purge_stream(CHANGES_STREAM)
    async with listening(address, world.acme, Last_Event_ID="0") as listener:
        assert (await listener.next())["event"] == "reset"


async def test_a_listener_outlives_the_stream(world: World, address: str) -> None:
    js = jetstream(world.backend.nats)
    async with listening(address, world.acme) as listener:
        await world.create("one")
        await _relay(world)
        await listener.next()
        await js.delete_stream(CHANGES_STREAM)
        await ensure(js)
        assert (await listener.next())["event"] == "reset"
        two = await world.create("two")
        await _relay(world)
        assert (await listener.next())["data"]["instance_id"] == two["id"]


async def test_streams_end_with_the_process(world: World, address: str) -> None:
    async with listening(address, world.acme) as listener:
        world.backend.stopping.set()
        assert (await listener.next())["event"] == "end"


async def test_listeners_leave_no_consumers_behind_that_the_server_would_keep(world: World, address: str) -> None:
    js = jetstream(world.backend.nats)
    async with listening(address, world.acme):

        async def consuming() -> bool:
            return bool(await js.consumers_info(CHANGES_STREAM))

        await until(consuming)
        [consumer] = await js.consumers_info(CHANGES_STREAM)
    assert consumer.config.durable_name is None
    assert consumer.config.inactive_threshold == 30


async def test_a_listener_that_leaves_takes_its_subscription_along(world: World, address: str) -> None:
    subscriptions = world.backend.nats._subs  # the client tells in no other way what it is subscribed to
    before = len(subscriptions)
    async with listening(address, world.acme):
        await until(lambda: len(subscriptions) == before + 1)
    await until(lambda: len(subscriptions) == before)
