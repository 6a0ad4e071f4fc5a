"""Commands on a real NATS server: carried out, brought back, buried, and never lost by a failure."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError

from bus.connection import connected, jetstream
from bus.envelope import encode
from bus.publisher import Publisher
from bus.streams import CLUSTER, CLUSTER_STREAM, ensure
from consumers import effects
from consumers.effects import Effect
from consumers.subscribing import subscribe
from schemas import cloudevents
from schemas.errors import ClusterDown, NotYet, Refused
from schemas.events import Actor, Event
from schemas.payloads import Nothing
from schemas.settings import Settings
from schemas.types import EventType
from tests.support.parts import EVENT_KEY, part
from tests.support.waiting import until

KEY = EVENT_KEY.encode()


def command(event_type: EventType = EventType.DEPLOY_APPLY, *, age: float = 0) -> Event:
    return Event(
        id=uuid4(),
        type=event_type,
        instance_id=uuid4(),
        time=datetime.now(UTC) - timedelta(seconds=age),
        actor=Actor("lifecycle", "lifecycle"),
        data=Nothing(),
        correlation_id=uuid4(),
        attempt=1,
        step=1,
    )


class Work:
    """Carries out commands by remembering them, unless told otherwise."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.tried: list[UUID] = []
        self.done: list[UUID] = []
        self.before: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, event: Event) -> None:
        self.tried.append(event.instance_id)
        if self.before is not None:
            await self.before()
        if self.failures:
            raise self.failures.pop(0)
        self.done.append(event.instance_id)


@pytest_asyncio.fixture
async def js(settings: Settings) -> AsyncIterator[JetStreamContext]:
    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        yield js


@asynccontextmanager
async def working(settings: Settings, work: Work, workers: int = 4) -> AsyncIterator[asyncio.Event]:
    """The part `cluster` with other work; the event asks it to stop."""
    asked = asyncio.Event()

    async def run(settings: Settings, stop: asyncio.Event) -> None:
        async with connected(settings, "effect") as client:
            own = jetstream(client)
            waiting = [asyncio.ensure_future(each.wait()) for each in (stop, asked)]
            both = asyncio.Event()
            for each in waiting:
                each.add_done_callback(lambda _: both.set())
            await subscribe(settings, own, Effect(own, CLUSTER, KEY, work), CLUSTER, workers, both)
            for each in waiting:
                each.cancel()

    async with part(run, settings):
        yield asked


async def pending(js: JetStreamContext) -> int:
    found = await js.consumer_info(CLUSTER_STREAM, CLUSTER)
    return (found.num_pending or 0) + (found.num_ack_pending or 0)


async def settled(js: JetStreamContext) -> None:
    async def nothing_left() -> bool:
        return await pending(js) == 0

    await until(nothing_left)


async def dead_letter(js: JetStreamContext) -> str:
    subscription = await js.subscribe("dead-letters.cluster", ordered_consumer=True)
    message = await subscription.next_msg(timeout=30)
    return (message.headers or {})["dead-letter-error"]


async def test_every_command_is_carried_out_once_and_acked(settings: Settings, js: JetStreamContext) -> None:
    work, events = Work(), [command() for _ in range(50)]
    await Publisher(js, KEY).publish(*events)
    async with working(settings, work):
        await until(lambda: len(work.done) == 50)
        await settled(js)
    assert sorted(work.tried) == sorted(event.instance_id for event in events)


async def test_what_is_not_ready_yet_comes_back(settings: Settings, js: JetStreamContext) -> None:
    work, event = Work(NotYet("a", after=0.1), ClusterDown("b", retry_after=0.1)), command()
    await Publisher(js, KEY).publish(event)
    async with working(settings, work):
        await until(lambda: work.done == [event.instance_id])
        await settled(js)
    assert len(work.tried) == 3


async def test_no_worker_waits_for_what_is_not_ready(settings: Settings, js: JetStreamContext) -> None:
    slow, quick = command(), command()

    class Waiting(Work):
        async def __call__(self, event: Event) -> None:
            if event.instance_id == slow.instance_id:
                raise NotYet("for long", after=600)
            await super().__call__(event)

    work = Waiting()
    await Publisher(js, KEY).publish(slow, quick)
    async with working(settings, work, workers=1):
        await until(lambda: work.done == [quick.instance_id])


async def test_thousands_of_commands_that_wait_leave_room_for_the_next(
    settings: Settings, js: JetStreamContext
) -> None:
    """A command that comes back later counts as delivered meanwhile: the consumer must have room for very many."""
    quick = command()

    class Waiting(Work):
        async def __call__(self, event: Event) -> None:
            if event.instance_id != quick.instance_id:
                raise NotYet("a dedicated server that is slow to start", after=600)
            await super().__call__(event)

    work = Waiting()
    for _ in range(1_100):
        await Publisher(js, KEY).publish(command())
    await Publisher(js, KEY).publish(quick)
    async with working(settings, work, workers=16):
        await until(lambda: work.done == [quick.instance_id], 60, what="the next command to be carried out")


async def test_commands_are_carried_out_at_the_same_time_up_to_the_bound(
    settings: Settings, js: JetStreamContext
) -> None:
    work, opened = Work(), asyncio.Event()
    work.before = lambda: _wait(opened)
    await Publisher(js, KEY).publish(*(command() for _ in range(10)))
    async with working(settings, work, workers=3):
        await until(lambda: len(work.tried) >= 3)
        assert len(work.tried) <= 4  # one more may have been handed over
        opened.set()
        await until(lambda: len(work.done) == 10)


async def test_a_long_command_is_not_delivered_again_meanwhile(
    js: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[Msg] = []
    in_progress = Msg.in_progress

    async def counted(message: Msg) -> None:
        beats.append(message)
        await in_progress(message)

    monkeypatch.setattr(Msg, "in_progress", counted)
    monkeypatch.setattr(effects, "ACK_WAIT", 0.3)
    hasty = ConsumerConfig(durable_name="hasty", ack_wait=0.3)
    subscription = await js.pull_subscribe("instances.*.deploy.apply", "hasty", CLUSTER_STREAM, hasty)
    await Publisher(js, KEY).publish(command())
    [message] = await subscription.fetch(1, timeout=30)
    work = Work()

    async def long() -> None:
        await until(lambda: len(beats) >= 9)

    work.before = long
    await Effect(js, CLUSTER, KEY, work).handle(message)
    assert len(work.done) == 1

    async def acked() -> bool:
        found = await js.consumer_info(CLUSTER_STREAM, "hasty")
        assert found.num_redelivered == 0
        return bool(found.num_ack_pending == 0)

    await until(acked)


async def test_a_replayed_command_is_ignored(settings: Settings, js: JetStreamContext) -> None:
    work, event = Work(), command()
    subject, data, headers = encode(event, KEY)
    await js.publish(subject, data, headers={**headers, "replay": "true", "replay-id": str(uuid4())})
    async with working(settings, work):
        await settled(js)
    assert work.tried == []


async def test_a_command_by_hand_is_buried_with_the_reason(settings: Settings, js: JetStreamContext) -> None:
    work, event = Work(), command()
    await js.publish(cloudevents.subject(event), cloudevents.data(event), headers=cloudevents.headers(event))
    async with working(settings, work):
        assert "only Reprise itself publishes" in await dead_letter(js)
        await settled(js)
    assert work.tried == []


async def test_a_broken_command_is_buried_and_its_neighbours_go_on(settings: Settings, js: JetStreamContext) -> None:
    work, event = Work(), command()
    await js.publish(f"instances.{uuid4()}.deploy.apply", b"{", headers={"ce-type": "nonsense"})
    await Publisher(js, KEY).publish(event)
    async with working(settings, work):
        assert "is no event type" in await dead_letter(js)
        await until(lambda: work.done == [event.instance_id])
        await settled(js)


async def test_a_fault_of_ours_is_tried_again_and_buried_at_last(
    settings: Settings, js: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "FAULTS", 2)
    work = Work(*(RuntimeError("a bug") for _ in range(9)))
    await Publisher(js, KEY).publish(command())
    async with working(settings, work):
        assert await dead_letter(js) == "RuntimeError: a bug"
        await settled(js)
    assert len(work.tried) == 2


async def test_a_refusal_comes_back_later_and_is_never_buried(
    settings: Settings, js: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects, "FAULTS", 1)
    monkeypatch.setattr(effects, "SLOWEST", 0.1)
    work = Work(Refused("no"), Refused("no"), Refused("no"))
    await Publisher(js, KEY).publish(command())
    async with working(settings, work):
        await until(lambda: len(work.done) == 1)


async def test_an_old_command_is_not_kept_for_another_time(settings: Settings, js: JetStreamContext) -> None:
    work = Work(NotYet("stuck", after=0.1))
    await Publisher(js, KEY).publish(command(age=901))
    async with working(settings, work):
        await until(lambda: len(work.tried) == 1)
        await settled(js)
    assert work.done == []


@pytest.mark.parametrize("what", ["consumer", "stream"])
async def test_what_is_deleted_underneath_is_made_again_and_work_goes_on(
    settings: Settings, js: JetStreamContext, what: str
) -> None:
    work, first, second = Work(), command(), command()
    async with working(settings, work):
        await Publisher(js, KEY).publish(first)
        await until(lambda: work.done == [first.instance_id])
        if what == "stream":
            await js.delete_stream(CLUSTER_STREAM)
        else:
            await js.delete_consumer(CLUSTER_STREAM, CLUSTER)

        async def made_again() -> bool:
            try:
                return bool(await js.consumer_info(CLUSTER_STREAM, CLUSTER))
            except NotFoundError:
                return False

        await until(made_again)
        await Publisher(js, KEY).publish(second)
        await until(lambda: work.done == [first.instance_id, second.instance_id])


async def test_what_is_in_work_when_the_part_is_stopped_is_finished(settings: Settings, js: JetStreamContext) -> None:
    work, opened = Work(), asyncio.Event()
    work.before = lambda: _wait(opened)
    await Publisher(js, KEY).publish(command())
    async with working(settings, work) as stop:
        await until(lambda: len(work.tried) == 1)
        stop.set()
        opened.set()
    assert len(work.done) == 1
    await settled(js)


async def _wait(opened: asyncio.Event) -> None:
    await opened.wait()
