"""The outbox relay: one active, pipelined; a row leaves only after the server has acknowledged it."""

import asyncio
import time
from collections.abc import Callable

import structlog
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from bus import wake
from bus.connection import UNREACHABLE, connected, jetstream
from bus.envelope import MESSAGE_ID, sealed
from bus.pipeline import Outgoing, Pipeline
from bus.streams import ensure
from persistence import outbox
from persistence.engine import make_engine
from persistence.leadership import Leadership
from persistence.outbox import Due
from schemas.cloudevents import INSTANCES, binary
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
PART = "relay"
BATCH = 500
POLL = 2.0
TIMER_AGAIN_AFTER = 30.0
"""A timer that has been sent stays in the outbox; undecided after so many seconds, it is sent again."""
ACK_TIMEOUT = 10.0
"""Seconds that a batch is given to be acknowledged."""
MAX_BACKOFF = 10.0

Observe = Callable[[int, float], None]


def _unobserved(rows: int, seconds: float) -> None:
    """Nobody counts."""


class Relay:
    """Moves what is due from the outbox into JetStream.

    `observe` learns of each batch how many rows it had, and how many seconds after its oldest row was due the server
    had them all. `replicas`: of the streams, which it makes where they are not.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        client: Client,
        key: bytes,
        observe: Observe = _unobserved,
        *,
        replicas: int = 1,
    ) -> None:
        self._engine = engine
        self._js = jetstream(client)
        self._pipeline = Pipeline(client)
        self._key = key
        self._observe = observe
        self._replicas = replicas

    async def run(self, bell: wake.Bell) -> None:
        """For ever; a failing dependency is waited for, and nothing is dropped meanwhile."""
        backoff = 0.1
        while True:
            try:
                # the consumers before the first row: a stream of interest drops what it has no consumer for
                await ensure(self._js, self._replicas)
                while True:
                    moved = await self.move()
                    backoff = 0.1
                    if not moved:
                        await bell.wait(await self._idle_for())
            except (DependencyDown, *UNREACHABLE) as error:
                log.warning("relay.waits", error=str(error) or type(error).__name__, seconds=backoff)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, MAX_BACKOFF)

    async def move(self) -> int:
        """Publishes one batch of what is due, all at once; how many rows were published."""
        started = time.monotonic()
        rows = await outbox.due(self._engine, BATCH)
        if not rows:
            return 0
        refusals = await self._pipeline.publish(map(self._outgoing, rows), ACK_TIMEOUT)
        done = [row for row, refusal in zip(rows, refusals, strict=True) if refusal is None]
        await outbox.sent(self._engine, done, timer_again_after=TIMER_AGAIN_AFTER)
        if len(done) < len(rows):
            raise DependencyDown("nats", next(refusal for refusal in refusals if refusal is not None))
        self._observe(len(rows), rows[0].waited + time.monotonic() - started)
        return len(rows)

    def _outgoing(self, row: Due) -> Outgoing:
        message_id = f"{row.event_id}.{row.sent}" if row.sent else str(row.event_id)
        if not row.subject.startswith(INSTANCES):
            return Outgoing(row.subject, row.body, {MESSAGE_ID: message_id})
        headers, data = binary(row.body)
        return Outgoing(row.subject, data, sealed(self._key, headers, data, message_id))

    async def _idle_for(self) -> float:
        next_due = await outbox.next_due_in(self._engine)
        return POLL if next_due is None else min(max(next_due, 0.005), POLL)


async def run(settings: Settings, stop: asyncio.Event, observe: Observe = _unobserved) -> None:
    """The part `relay`: waits for the lead, and relays while it has it."""
    engine = make_engine(settings.database_url, pool_size=2)
    async with connected(settings, PART) as client:
        bell = wake.Bell(client, wake.RELAY)
        await bell.hang()
        key = settings.event_key_bytes

        async def work() -> None:
            await Relay(engine, client, key, observe, replicas=settings.nats_replicas).run(bell)

        await Leadership(settings.database_url, PART, timeout=settings.leader_timeout).lead(work, stop)
    await engine.dispose()
