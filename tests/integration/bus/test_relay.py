"""The relay: what is due goes out in order, timers when they are due, and one of several is active."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bus import relay, streams
from bus.connection import connected, jetstream
from bus.streams import CLUSTER_STREAM, ensure
from persistence import outbox
from persistence.writer import Writer
from schemas.errors import DependencyDown
from schemas.events import Actor, wish
from schemas.payloads import ProvisionRequested
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.policy import Policy
from tests.support.parts import EVENT_KEY, part
from tests.support.waiting import until

ALICE = Actor("cli", "alice")


async def put(engine: AsyncEngine, name: str, policy: Policy | None = None, ago: float = 0) -> UUID:
    """A deleted-before-it-ran instance: one command and one timer."""
    clock = lambda: datetime.now(UTC) - timedelta(seconds=ago)  # noqa: E731  # as short as what it does
    writer = Writer(engine, policy or Policy(), clock=clock)
    instance_id = uuid4()
    request = ProvisionRequested(customer_id="acme", name=name)
    created = wish(EventType.PROVISION_REQUESTED, instance_id, ALICE, clock(), request)
    await writer.apply([created, wish(EventType.DELETE_REQUESTED, instance_id, ALICE, clock())])
    return instance_id


async def empty(engine: AsyncEngine) -> bool:
    return (await outbox.depth(engine)).rows == 0


async def test_what_is_due_goes_out_and_a_timer_waits(settings: Settings, engine: AsyncEngine) -> None:
    await put(engine, "shop")
    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        async with part(relay.run, settings):
            await until(lambda: empty(engine), what="the outbox to be sent")
        assert (await js.stream_info(CLUSTER_STREAM)).state.messages == 1
        assert (await outbox.depth(engine)).timers == 1


async def test_a_timer_goes_out_when_it_is_due_and_stays_until_it_is_decided(
    settings: Settings, engine: AsyncEngine
) -> None:
    await put(engine, "shop", ago=3600)
    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        subscription = await js.subscribe("instances.*.step.overdue")
        async with part(relay.run, settings):
            message = await subscription.next_msg(timeout=30)
        assert message.headers is not None
        assert message.headers["ce-type"] == "step.overdue"
        assert (await outbox.depth(engine)).timers == 1


async def test_a_timer_that_nobody_decides_is_sent_again_though_the_server_knows_it(
    settings: Settings, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "TIMER_AGAIN_AFTER", 0.1)
    await put(engine, "shop", ago=3600)
    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        subscription = await js.subscribe("instances.*.step.overdue")
        async with part(relay.run, settings):
            first, second = [await subscription.next_msg(timeout=30) for _ in range(2)]
    assert first.headers is not None
    assert second.headers is not None
    assert first.headers["ce-id"] == second.headers["ce-id"]


async def test_what_is_due_goes_out_in_the_order_in_which_it_was_written(
    settings: Settings, engine: AsyncEngine
) -> None:
    written = [await put(engine, f"shop-{number}") for number in range(20)]
    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        subscription = await js.subscribe("instances.*.delete.run")
        async with part(relay.run, settings):
            arrived = [(await subscription.next_msg(timeout=30)).headers for _ in range(20)]
    assert [UUID((headers or {})["ce-subject"]) for headers in arrived] == written


async def test_a_server_that_is_away_loses_nothing(settings: Settings, engine: AsyncEngine) -> None:
    """Without streams nothing is published; once there are some, all of it arrives."""
    for number in range(30):
        await put(engine, f"shop-{number}")
    async with part(relay.run, settings), connected(settings, "test") as client:
        js = jetstream(client)
        await until(lambda: empty(engine), what="the outbox to be sent")
        assert (await js.stream_info(CLUSTER_STREAM)).state.messages == 30


async def test_a_full_stream_pushes_back_and_loses_nothing(
    settings: Settings, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = [replace(stream, max_msgs=3) if stream.name == CLUSTER_STREAM else stream for stream in streams.STREAMS]
    monkeypatch.setattr(streams, "STREAMS", small)
    monkeypatch.setattr(relay, "MAX_BACKOFF", 0.2)
    for number in range(10):
        await put(engine, f"shop-{number}")
    taken: set[str] = set()
    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)

        async def full() -> bool:
            return (await js.stream_info(CLUSTER_STREAM)).state.messages == 3

        async def take() -> bool:
            with suppress(TimeoutError):
                for message in await subscription.fetch(10, timeout=1):
                    assert message.headers is not None
                    taken.add(message.headers["ce-id"])
                    await message.ack()
            return len(taken) == 10

        async with part(relay.run, settings):
            await until(full, what="the stream to be full")
            assert (await outbox.depth(engine)).rows >= 7
            subscription = await js.pull_subscribe_bind(durable=streams.CLUSTER, stream=CLUSTER_STREAM)
            await until(take, 30, what="all ten commands to arrive")
            await until(lambda: empty(engine), what="the outbox to be sent")


async def test_what_the_server_never_acknowledges_is_waited_for_no_longer(
    settings: Settings, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "ACK_TIMEOUT", 0.1)
    await put(engine, "shop")
    async with connected(settings, "test") as client:
        await client.subscribe("instances.>")  # there is no stream: somebody listens, and nobody acknowledges
        await client.subscribe("changes.>")
        with pytest.raises(DependencyDown, match=r"no acknowledgement within 0\.1 s"):
            await relay.Relay(engine, client, EVENT_KEY.encode()).move()
    assert (await outbox.depth(engine)).rows == 3


RELAY = "import asyncio; from bus import relay; from schemas.settings import Settings; " + (
    "asyncio.run(relay.run(Settings.load(), asyncio.Event()))"
)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSTOP])
async def test_another_relay_takes_over_from_one_that_is_killed_or_stopped(
    settings: Settings, engine: AsyncEngine, ending: signal.Signals
) -> None:
    environment = {
        **os.environ,
        "REPRISE_DATABASE_URL": settings.database_url,
        "REPRISE_NATS_URL": settings.nats_url,
        "REPRISE_EVENT_KEY": EVENT_KEY,
    }
    await put(engine, "first")
    first = await asyncio.create_subprocess_exec(sys.executable, "-c", RELAY, env=environment)
    try:
        await until(lambda: empty(engine), what="the first relay to work")
        first.send_signal(ending)
        await put(engine, "second")
        async with part(relay.run, settings):
            await until(lambda: empty(engine), what="the second relay to take over")
    finally:
        with suppress(ProcessLookupError):
            first.kill()
        await first.wait()


async def test_what_is_sent_first_finds_its_consumer(settings: Settings, engine: AsyncEngine) -> None:
    """A stream of interest without consumers would take the command and drop it."""
    await put(engine, "shop")
    async with part(relay.run, settings), connected(settings, "test") as client:
        await until(lambda: empty(engine), what="the outbox to be sent")
        consumer = await jetstream(client).consumer_info(CLUSTER_STREAM, "cluster")
        assert consumer.num_pending == 1
