"""The runner of replays on a real PostgreSQL and a real NATS server: exact, in order, killed half-way, stopped."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RawStreamMsg, StreamConfig
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from bus.connection import connected, jetstream
from bus.replaying import Resender
from bus.streams import ensure
from consumers import replaying
from persistence import replays
from persistence.replay_steps import Chosen, Destination, Send, Sent, sending, step
from persistence.replays import Asked
from persistence.writer import Writer
from schemas.errors import Conflict, DependencyDown, Refused
from schemas.events import Actor, wish
from schemas.payloads import ProvisionRequested
from schemas.replaying import Past, ReplayMany, ReplayView
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.policy import Policy
from tests.support.installation import served
from tests.support.parts import Run, part
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.waiting import until

ALICE = Actor("cli", "alice")
TO, STREAM = "billing.replay", "BILLING"


@pytest_asyncio.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with connected(settings, "test") as client:
        await ensure(jetstream(client))
        yield client


@pytest_asyncio.fixture
async def js(client: Client) -> JetStreamContext:
    """With a stream of another system's, which drops what comes twice only for a moment."""
    js = jetstream(client)
    await js.add_stream(StreamConfig(name=STREAM, subjects=["billing.*"], duplicate_window=0.1))
    return js


@pytest.fixture
def runner(engine: AsyncEngine, js: JetStreamContext) -> Run:
    async def run(settings: Settings, stop: Any) -> None:
        await replaying.run(settings, engine, js, stop)

    return run


async def happened(engine: AsyncEngine, number: int) -> list[UUID]:
    """So many events in the audit log, oldest first."""
    writer = Writer(engine, Policy())
    ids: list[UUID] = []
    for each in range(number):
        data = ProvisionRequested(customer_id="acme", name=f"shop-{each}")
        event = wish(EventType.PROVISION_REQUESTED, uuid4(), ALICE, datetime.now(UTC), data)
        await writer.apply([event])
        ids.append(event.id)
    return ids


async def begun(engine: AsyncEngine, expected: int, **more: Any) -> UUID:
    wanted = ReplayMany(to=TO, expected=expected, reason="billing is new", **{"rate": "500/s", **more})
    asked = Asked(uuid4(), str(ALICE), STREAM, datetime.now(UTC))
    await replays.create(engine, asked, wanted)
    return asked.id


async def seen(engine: AsyncEngine, replay_id: UUID) -> ReplayView:
    found = await replays.show(engine, replay_id)
    assert found is not None
    return found


async def reaches(engine: AsyncEngine, replay_id: UUID, state: str) -> ReplayView:
    async def there() -> ReplayView | None:
        view = await seen(engine, replay_id)
        return view if view.state == state else None

    found = await until(there, 60, what=f"the replay to be {state}")
    assert found is not None
    return found


async def stored(js: JetStreamContext) -> list[RawStreamMsg]:
    state = (await js.stream_info(STREAM)).state
    return [await js.get_msg(STREAM, sequence) for sequence in range(state.first_seq, state.last_seq + 1)]


async def event_ids(js: JetStreamContext) -> list[UUID]:
    return [UUID((message.headers or {})["ce-id"]) for message in await stored(js)]


async def test_every_event_is_sent_once_in_order_marked_and_unsigned(
    settings: Settings, engine: AsyncEngine, js: JetStreamContext, runner: Run
) -> None:
    ids = await happened(engine, 5)
    replay_id = await begun(engine, 5)
    async with part(runner, settings):
        view = await reaches(engine, replay_id, "completed")
    assert (view.sent, [each.act for each in view.acts]) == (5, ["completed"])
    messages = await stored(js)
    assert [UUID((each.headers or {})["ce-id"]) for each in messages] == ids
    for position, each in enumerate(messages, 1):
        headers = each.headers or {}
        assert (headers["replay"], headers["replay-id"]) == ("true", str(replay_id))
        assert (headers["replay-position"], headers["replay-outcome"]) == (str(position), "applied")
        assert headers["Nats-Msg-Id"] != headers["ce-id"]
        assert "reprise-signature" not in headers
        assert headers["ce-type"] == "provision.requested"
        assert b'"customer_id":"acme"' in (each.data or b"")
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM replay_items")).scalar_one() == 0


async def test_only_what_fits_is_sent_and_never_more_than_the_cap(
    settings: Settings, engine: AsyncEngine, js: JetStreamContext, runner: Run
) -> None:
    ids = await happened(engine, 4)
    await begun(engine, 2, max=2)
    first = await seen(engine, (await sending(engine))[0])
    async with part(runner, settings):
        await reaches(engine, first.id, "completed")
    assert await event_ids(js) == ids[:2]
    count, sample = await replays.matching(engine, Past(types=(EventType.DEPLOY_READY,)), 10)
    assert (count, sample) == (0, [])
    count, sample = await replays.matching(engine, Past(instance_id=first.id), 10)
    assert count == 0
    _, [oldest] = await replays.matching(engine, Past(outcome="any"), 1)
    count, _ = await replays.matching(engine, Past(since=oldest.recorded_at, until=oldest.recorded_at), 1)
    assert count == 0
    with pytest.raises(Conflict, match="The count is 4 now, not 3"):
        await begun(engine, 3)


async def test_a_runner_that_is_killed_half_way_is_gone_on_with_and_no_event_comes_twice_nor_is_left_out(
    settings: Settings, engine: AsyncEngine, js: JetStreamContext
) -> None:
    ids = await happened(engine, 40)
    replay_id = await begun(engine, 40, rate="20/s")
    more = {"metrics_port": free_port(), "jwt_secret": SecretStr("s" * 32)}
    child = served(settings.model_copy(update=more), ("lifecycle",))

    async def half_way() -> bool:
        return 5 <= (await seen(engine, replay_id)).sent <= 30

    async with running(child) as process:
        await until(half_way, 60, what="some to have been sent")
        process.kill()
        process.wait()
        assert (await seen(engine, replay_id)).state == "sending"
    async with running(child):
        await reaches(engine, replay_id, "completed")
    assert await event_ids(js) == ids


async def test_what_was_sent_and_not_noted_is_found_in_the_stream(engine: AsyncEngine, js: JetStreamContext) -> None:
    """Longer ago than the server drops what comes twice: the stream's last message tells how far it came."""
    ids = await happened(engine, 5)
    replay_id = await begun(engine, 5)

    async def dies(to: Destination, events: Any) -> Sent:
        await Resender(js).send(to, events[:3])
        raise DependencyDown("postgresql", "killed before the commit")

    with pytest.raises(DependencyDown):
        await step(engine, replay_id, dies, lambda: datetime.now(UTC))
    assert (await seen(engine, replay_id)).sent == 0
    assert await event_ids(js) == ids[:3]

    async def taken_again() -> bool:
        """What was sent before it is forgotten as well."""
        return not (await js.publish("billing.other", b"", headers={"Nats-Msg-Id": "again"})).duplicate

    assert await taken_again()
    await until(taken_again, what="the server to forget what it has seen")
    await finished(engine, replay_id, Resender(js).send)
    assert [UUID((each.headers or {})["ce-id"]) for each in await replayed(js)] == ids


async def replayed(js: JetStreamContext) -> list[RawStreamMsg]:
    found = []
    sequence = 1
    last = (await js.stream_info(STREAM)).state.last_seq
    while sequence <= last:
        message = await js.get_msg(STREAM, sequence, next=True, subject=TO)
        found.append(message)
        sequence = (message.seq or last) + 1
    return found


async def finished(engine: AsyncEngine, replay_id: UUID, send: Send) -> None:
    async def over() -> bool:
        await step(engine, replay_id, send, lambda: datetime.now(UTC))
        return (await seen(engine, replay_id)).state == "completed"

    await until(over, what="the replay to be over")


async def test_stopped_it_sends_nothing_and_resumed_it_goes_on_where_it_was(
    settings: Settings, engine: AsyncEngine, js: JetStreamContext, runner: Run
) -> None:
    ids = await happened(engine, 6)
    replay_id = await begun(engine, 6, rate="1/s")
    send = Resender(js).send
    await step(engine, replay_id, send, lambda: datetime.now(UTC))
    await replays.stop(engine, replay_id, "cli:alice", datetime.now(UTC))
    assert await sending(engine) == []
    assert await step(engine, replay_id, send, lambda: datetime.now(UTC)) is None
    with pytest.raises(Refused, match="does not send"):
        await replays.stop(engine, replay_id, "cli:alice", datetime.now(UTC))
    stopped = await seen(engine, replay_id)
    assert (stopped.state, stopped.sent, stopped.why) == ("stopped", 1, "stopped by cli:alice")
    await replays.resume(engine, replay_id, "cli:bob", "room again", datetime.now(UTC))
    async with part(runner, settings):
        view = await reaches(engine, replay_id, "completed")
    assert await event_ids(js) == ids
    assert [(each.act, each.actor, each.reason, each.sent) for each in view.acts] == [
        ("stopped", "cli:alice", "", 1),
        ("resumed", "cli:bob", "room again", 1),
        ("completed", "lifecycle:replay", "", 6),
    ]
    with pytest.raises(Refused, match="has sent all its events"):
        await replays.resume(engine, replay_id, "cli:bob", "again", datetime.now(UTC))


async def test_without_a_stream_it_stops_and_says_why(
    settings: Settings, engine: AsyncEngine, js: JetStreamContext, runner: Run
) -> None:
    await happened(engine, 2)
    replay_id = await begun(engine, 2)
    await js.delete_stream(STREAM)
    async with part(runner, settings):
        view = await reaches(engine, replay_id, "stopped")
    assert (view.sent, view.why) == (0, f"no stream stores {TO} any more")


async def test_a_stream_that_is_full_is_waited_for_and_nothing_is_lost(
    settings: Settings, engine: AsyncEngine, js: JetStreamContext, runner: Run
) -> None:
    ids = await happened(engine, 3)
    full = StreamConfig(name=STREAM, subjects=["billing.*"], max_msgs=1, discard=DiscardPolicy.NEW)
    await js.update_stream(full)
    replay_id = await begun(engine, 3)

    async def waits() -> bool:
        view = await seen(engine, replay_id)
        return view.sent == 1 and view.state == "sending" and "maximum messages exceeded" in (view.why or "")

    async with part(runner, settings):
        await until(waits, 30, what="it to wait for room")
        await js.update_stream(StreamConfig(name=STREAM, subjects=["billing.*"], max_msgs=10))
        view = await reaches(engine, replay_id, "completed")
    assert view.why is None
    assert await event_ids(js) == ids


async def test_one_that_waits_does_not_keep_the_next(
    settings: Settings, engine: AsyncEngine, js: JetStreamContext, runner: Run
) -> None:
    await happened(engine, 3)
    full = StreamConfig(name="FULL", subjects=["full.*"], max_msgs=1, discard=DiscardPolicy.NEW)
    await js.add_stream(full)
    for to, stream in (("full.replay", "FULL"), (TO, STREAM), ("full.replay", "FULL")):
        wanted = ReplayMany(to=to, expected=3, reason="why", rate="500/s")
        await replays.create(engine, Asked(uuid4(), str(ALICE), stream, datetime.now(UTC)), wanted)

    async def states() -> bool:
        views = {(view.stream, view.state) for view in await replays.latest(engine)}
        return views == {("FULL", "sending"), (STREAM, "completed")}

    async with part(runner, settings):
        await until(states, 30, what="the one whose stream has room to be completed")


async def test_a_row_that_is_gone_meanwhile_stops_it_before_it(engine: AsyncEngine, js: JetStreamContext) -> None:
    ids = await happened(engine, 3)
    replay_id = await begun(engine, 3)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql("DELETE FROM audit_log WHERE event_id = $1", (ids[1],))
    await step(engine, replay_id, Resender(js).send, lambda: datetime.now(UTC))
    view = await seen(engine, replay_id)
    assert (view.state, view.sent) == ("stopped", 1)
    assert view.why == "event 2 is not in the audit log any more: it was archived, or removed"
    assert await event_ids(js) == ids[:1]


async def test_no_faster_than_the_rate(engine: AsyncEngine, js: JetStreamContext) -> None:
    await happened(engine, 10)
    replay_id = await begun(engine, 10, rate="10/s")
    now = datetime.now(UTC)
    counts: list[int] = []

    async def counting(_: Destination, events: list[Chosen]) -> Sent:
        counts.append(len(events))
        return Sent(events[-1].position)

    async def at(seconds: float) -> float | None:
        moment = datetime.fromtimestamp(now.timestamp() + seconds, UTC)
        return await step(engine, replay_id, counting, lambda: moment)

    assert await at(0) == pytest.approx(0.1)
    assert await at(0.05) == pytest.approx(0.05, abs=0.001)
    await at(0.1001)
    await at(60)
    assert counts == [2, 1, 2]


@pytest.mark.parametrize("table", ["replays", "replay_acts"])
@pytest.mark.parametrize("change", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_who_did_it_and_why_stays(engine: AsyncEngine, table: str, change: str) -> None:
    with pytest.raises(Exception, match="is append-only"):
        async with engine.begin() as connection:
            await connection.exec_driver_sql(change.format(table))
