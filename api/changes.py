"""Follows the stream CHANGES for one listener: from where it left off, through outages, until it leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from bus.connection import UNREACHABLE, translated
from bus.streams import CHANGES_STREAM
from schemas.cloudevents import CHANGES
from schemas.errors import DependencyDown

BATCH = 100
SIGN_OF_LIFE = 2.0
"""Seconds of silence after which the listener is told that the connection lives, and the consumer is asked again."""

PAUSE = 1.0
"""Seconds between attempts while NATS, or the stream, is not there."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A change; `reset`: changes up to `sequence` were missed, look at everything anew; `silence`: still here."""

    kind: Literal["change", "reset", "silence"]
    sequence: int = 0
    data: bytes = b""


class Follower:
    """One listener of `subject` (an instance's id, or "*"). `after` is what it saw last, None: it wants what comes."""

    def __init__(self, js: JetStreamContext, subject: str, after: int | None, stopping: asyncio.Event) -> None:
        self._js = js
        self._subject = f"{CHANGES}.{subject}"
        self._at = after
        self._stopping = stopping
        self._created: datetime | None = None

    async def begin(self) -> list[Signal]:
        """Finds its place in the stream; what is to be told first. Raises DependencyDown."""
        async with translated():
            info = await self._js.stream_info(CHANGES_STREAM)
        last, first = info.state.last_seq, info.state.first_seq
        remade = self._created is not None and info.created != self._created
        self._created = info.created
        if self._at is None:
            self._at = last
        if remade or self._at > last or self._at + 1 < first:
            self._at = last
            return [Signal("reset", last)]
        return []

    async def signals(self) -> AsyncIterator[list[Signal]]:
        """After `begin`: those that have come together, for ever, until the listener leaves or the process stops.

        Raises nothing of NATS.
        """
        while not self._stopping.is_set():
            with suppress(*UNREACHABLE):
                async for signals in self._subscribed():
                    yield signals
            if self._stopping.is_set():
                return
            yield [Signal("silence")]
            await asyncio.sleep(PAUSE)
            with suppress(DependencyDown):
                yield await self.begin()

    async def _subscribed(self) -> AsyncIterator[list[Signal]]:
        """A consumer of its own, which the server forgets by itself; it raises where it is gone."""
        subscription = await self._js.pull_subscribe(self._subject, stream=CHANGES_STREAM, config=self._consumer())
        behind = 1
        try:
            while not self._stopping.is_set():
                messages = await _fetch(subscription, behind)
                signals = [Signal("change", each.metadata.sequence.stream, each.data) for each in messages]
                if messages:
                    self._at, behind = signals[-1].sequence, messages[-1].metadata.num_pending
                yield signals or [Signal("silence")]
        finally:
            with suppress(*UNREACHABLE):
                await subscription.unsubscribe()

    def _consumer(self) -> ConsumerConfig:
        return ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=(self._at or 0) + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=30,
            mem_storage=True,
            num_replicas=1,
        )


async def _fetch(subscription: JetStreamContext.PullSubscription, behind: int) -> list[Msg]:
    try:
        return await subscription.fetch(max(1, min(behind, BATCH)), timeout=SIGN_OF_LIFE)
    except TimeoutError:
        return []
