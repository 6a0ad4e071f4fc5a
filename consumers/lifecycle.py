"""The lifecycle consumer, the hot path: fetches what is there, decides it in one transaction, acks after the commit."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from sqlalchemy.exc import DBAPIError

from bus.connection import UNREACHABLE, connected, jetstream
from bus.dead_letters import DeadLetters
from bus.envelope import decode, is_replay
from bus.streams import INSTANCES_STREAM, LIFECYCLE, ensure
from bus.wake import Waker
from consumers import admission, checkpointing, replaying, retrying
from consumers.effects import FAULTS, SLOWEST, deliveries
from persistence.batch import Result
from persistence.brake import Limits
from persistence.engine import make_engine
from persistence.writer import Writer
from schemas.errors import BadInput, DependencyDown
from schemas.events import Event
from schemas.settings import Settings
from statemachine.decision import Outcome
from statemachine.policy import Policy

log = structlog.get_logger()
FETCH_TIMEOUT = 5.0
MAX_BACKOFF = 10.0

Read = tuple[Msg, Event]
AtFault = tuple[Msg, str]


class Fetched(NamedTuple):
    """Messages as they came, those of them that could be read, and those at fault with the reason."""

    messages: list[Msg]
    read: list[Read]
    at_fault: list[AtFault]


Accept = Callable[[Event], Event]
Observer = Callable[[Sequence[Result]], None]


class Lifecycle:
    """Decides events in batches. `accept` completes a wish, or raises BadInput where it could never be carried out."""

    def __init__(
        self, js: JetStreamContext, writer: Writer, key: bytes, *, batch_size: int, replicas: int, accept: Accept
    ) -> None:
        self._js = js
        self._writer = writer
        self._key = key
        self._batch_size = batch_size
        self._replicas = replicas
        self._accept = accept
        self._dead = DeadLetters(js, LIFECYCLE)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set: what has been fetched by then is still decided."""
        backoff = 0.1
        while not stop.is_set():
            try:
                await ensure(self._js, self._replicas)
                await self._consume(stop)
                backoff = 0.1
            except (DependencyDown, *UNREACHABLE) as error:
                log.warning("lifecycle.waits", error=str(error) or type(error).__name__, seconds=backoff)
                await _unless(stop, backoff)
                backoff = min(backoff * 2, MAX_BACKOFF)

    async def _consume(self, stop: asyncio.Event) -> None:
        """The next batch is fetched and read while this one is decided, which mostly waits for PostgreSQL."""
        subscription = await self._js.pull_subscribe_bind(durable=LIFECYCLE, stream=INSTANCES_STREAM)
        try:
            fetching = asyncio.create_task(self._fetch(subscription))
            stopping = asyncio.create_task(stop.wait())
            while not stop.is_set():
                await asyncio.wait({fetching, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not fetching.done():
                    break
                fetched = fetching.result()
                fetching = asyncio.create_task(self._fetch(subscription))
                await self._handle(fetched)
        finally:
            for task in (fetching, stopping):
                task.cancel()
            await asyncio.gather(fetching, stopping, return_exceptions=True)
            with suppress(*UNREACHABLE):
                await subscription.unsubscribe()

    async def _fetch(self, subscription: JetStreamContext.PullSubscription) -> Fetched:
        messages: list[Msg] = []
        with suppress(TimeoutError):
            messages = await subscription.fetch(self._batch_size, timeout=FETCH_TIMEOUT)
        at_fault: list[AtFault] = []
        read = [pair for message in messages if (pair := await self._read(message, at_fault)) is not None]
        return Fetched(messages, read, at_fault)

    async def _handle(self, fetched: Fetched) -> None:
        """Decides what could be read and acks it, then buries what is at fault, which must not keep its neighbours.

        Raises DependencyDown after a delayed nak of all that is not settled.
        """
        try:
            if fetched.read:
                await self._decide(fetched.read, fetched.at_fault)
            for message, why in fetched.at_fault:
                await self._bury(message, why)
        except DependencyDown as down:
            for message in fetched.messages:
                if not message.is_acked:
                    await message.nak(delay=down.retry_after)
            raise

    async def _read(self, message: Msg, at_fault: list[AtFault]) -> Read | None:
        try:
            if is_replay(message.headers):
                await message.ack()
                return None
            event = self._accept(decode(message, self._key))
        except BadInput as error:
            at_fault.append((message, str(error)))
            return None
        return message, event

    async def _decide(self, read: Sequence[Read], at_fault: list[AtFault]) -> None:
        """What is at fault is found by halving: its neighbours go on."""
        try:
            results = await self._writer.apply([event for _, event in read])
        except DependencyDown:
            raise
        except Exception as error:  # a value that PostgreSQL refuses, or a fault of ours: neither may end the part
            if len(read) == 1:
                await self._failed(read[0][0], error, at_fault)
                return
            middle = len(read) // 2
            await self._decide(read[:middle], at_fault)
            await self._decide(read[middle:], at_fault)
            return
        for (message, _), result in zip(read, results, strict=True):
            if result.outcome is Outcome.REJECTED and result.instance is None:
                at_fault.append((message, result.why))
            else:
                await message.ack()

    async def _failed(self, message: Msg, error: Exception, at_fault: list[AtFault]) -> None:
        """Bad data stays bad; a fault of ours may pass, and is tried a few times."""
        if isinstance(error, DBAPIError | ValueError):
            at_fault.append((message, str(getattr(error, "orig", None) or error)))
            return
        log.error("event.failed", subject=message.subject, exc_info=error)
        if deliveries(message) >= FAULTS:
            at_fault.append((message, f"{type(error).__name__}: {error}"))
        else:
            await message.nak(delay=min(2.0 ** (deliveries(message) - 1), SLOWEST))

    async def _bury(self, message: Msg, why: str) -> None:
        log.warning("event.dead_lettered", subject=message.subject, error=why)
        await self._dead.bury(message.subject, message.data, message.headers, why, deliveries(message))
        await message.ack()


async def _unless(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def run(
    settings: Settings,
    stop: asyncio.Event,
    accept: Accept = lambda event: event,
    observers: Sequence[Observer] = (),
) -> None:
    """The part `lifecycle`: the consumer, and beside it admission, bulk retries, replays and checkpoints.

    `observers` learn of commits.
    """
    engine = make_engine(settings.database_url, pool_size=4)
    async with connected(settings, LIFECYCLE) as client:
        js = jetstream(client)
        told: tuple[Observer, ...] = (Waker(client), *observers)
        writer = Writer(engine, Policy.of(settings), brake_limits=Limits.of(settings), observers=told)
        lifecycle = Lifecycle(
            js,
            writer,
            settings.event_key_bytes,
            batch_size=settings.batch_size,
            replicas=settings.nats_replicas,
            accept=accept,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(lifecycle.run(stop))
            group.create_task(admission.run(client, writer, settings.deploy_concurrency, stop))
            group.create_task(retrying.run(settings, writer, stop))
            group.create_task(replaying.run(settings, engine, js, stop))
            group.create_task(checkpointing.run(settings, js, stop))
    await engine.dispose()
