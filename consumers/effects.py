"""What consumers of commands share: a command is carried out, or comes back later, and no failure loses it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from bus.connection import UNREACHABLE
from bus.dead_letters import DeadLetters
from bus.envelope import decode, is_replay
from bus.streams import ACK_WAIT
from consumers.logs import bind
from schemas.errors import BadInput, DependencyDown, NotYet, RepriseError
from schemas.events import Event

log = structlog.get_logger()

Work = Callable[[Event], Awaitable[None]]

SLOWEST = 30.0
"""Seconds after which a command that is not carried out yet comes back at the latest."""
FAULTS = 8
"""Deliveries after which a command that meets a fault of ours is dead-lettered; its state sends it again anyway."""


class Effect:
    """Carries out commands. `work` does so for one, and raises NotYet, DependencyDown or a refusal to have it again.

    A command older than `superseded_after` seconds is not kept for another time: its state has sent a newer one.
    """

    def __init__(
        self, js: JetStreamContext, part: str, key: bytes, work: Work, *, superseded_after: float = 900.0
    ) -> None:
        self._dead = DeadLetters(js, part)
        self._part = part
        self._key = key
        self._work = work
        self._superseded_after = superseded_after

    async def handle(self, message: Msg) -> None:
        """Carry out one message and settle it; a message that could not be settled is delivered again."""
        try:
            await self._handle(message)
        except (DependencyDown, *UNREACHABLE) as error:
            log.warning("effect.unsettled", part=self._part, subject=message.subject, error=str(error))

    async def _handle(self, message: Msg) -> None:
        try:
            if is_replay(message.headers):
                await message.ack()
                return
            event = decode(message, self._key)
        except BadInput as error:
            await self._bury(message, str(error))
            return
        with bind(instance=event.instance_id, attempt=event.attempt, correlation_id=event.correlation_id):
            async with _kept_alive(message):
                await self._carry_out(message, event)

    async def _carry_out(self, message: Msg, event: Event) -> None:
        try:
            await self._work(event)
        except NotYet as wait:
            await self._later(message, event, wait.after, wait.what)
        except DependencyDown as down:
            log.warning("effect.waits", part=self._part, type=event.type.value, error=str(down))
            await self._later(message, event, down.retry_after, str(down))
        except RepriseError as refusal:
            log.warning("effect.refused", part=self._part, type=event.type.value, error=str(refusal))
            await self._later(message, event, SLOWEST, str(refusal))
        except Exception as fault:  # a fault of ours must not end the consumer
            log.exception("effect.failed", part=self._part, type=event.type.value)
            await self._at_fault(message, event, fault)
        else:
            await message.ack()

    async def _later(self, message: Msg, event: Event, after: float, why: str) -> None:
        """Come back, more slowly the longer it takes."""
        if (datetime.now(UTC) - event.time).total_seconds() > self._superseded_after:
            log.info("effect.superseded", part=self._part, type=event.type.value, why=why)
            await message.ack()
            return
        await message.nak(delay=min(after * 1.2 ** (deliveries(message) - 1), SLOWEST))

    async def _at_fault(self, message: Msg, event: Event, fault: Exception) -> None:
        if deliveries(message) >= FAULTS:
            await self._bury(message, f"{type(fault).__name__}: {fault}")
        else:
            await message.nak(delay=min(2.0 ** deliveries(message), SLOWEST))

    async def _bury(self, message: Msg, why: str) -> None:
        log.warning("event.dead_lettered", part=self._part, subject=message.subject, error=why)
        await self._dead.bury(message.subject, message.data, message.headers, why, deliveries(message))
        await message.ack()


def deliveries(message: Msg) -> int:
    """How often the message has been delivered, this time included."""
    return min(message.metadata.num_delivered or 1, 100)


@asynccontextmanager
async def _kept_alive(message: Msg) -> AsyncIterator[None]:
    """The server does not deliver it again while it is being carried out."""
    beating = asyncio.create_task(_beat(message))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _beat(message: Msg) -> None:
    while True:
        await asyncio.sleep(ACK_WAIT / 3)
        with suppress(*UNREACHABLE):
            await message.in_progress()
