"""State changes per second end to end: event, lifecycle, transaction, outbox, relay, next event; effects stubbed."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
from nats.aio.client import Client

from bench.cpu import seconds_of_descendants
from bus.connection import jetstream
from bus.envelope import encode
from bus.streams import CHANGES_STREAM
from schemas.events import Actor, Event, wish
from schemas.payloads import ProvisionRequested
from schemas.types import EventType

Encoded = tuple[str, bytes, dict[str, str]]
"""Subject, data and headers of a message."""
IN_FLIGHT = 3_000
"""Instances on their way at any time, so that no part waits for work."""
CHANGES_EACH = 4
"""pending, allocating_database, deploying, running."""


@dataclass(frozen=True)
class Throughput:
    """What was measured; CPU is that of all processes together, in seconds."""

    changes: int
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        """State changes a second."""
        return self.changes / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU a state change."""
        return self.cpu / self.changes * 1e6


def provision() -> Event:
    """A wish for an instance of its own name."""
    data = ProvisionRequested(customer_id="bench", name=f"n{uuid4().hex[:20]}")
    return wish(EventType.PROVISION_REQUESTED, uuid4(), Actor("bench", "bench"), datetime.now(UTC), data)


async def publish(client: Client, messages: Iterable[Encoded]) -> None:
    """Wishes for an instance each, as anybody on the bus may publish them; who counts what runs needs no answer."""
    for subject, body, headers in messages:
        await client.publish(subject, body, headers=headers)
    await client.flush()


async def measure(
    client: Client, key: bytes, connection: "asyncpg.Connection[asyncpg.Record]", instances: int
) -> Throughput:
    """Takes `instances` from wish to running, IN_FLIGHT at a time, and counts.

    How far they are is asked of the stream of changes, which costs nothing; that they run, of the database at the end.
    """
    before, told = await count_running(connection), await _changes(client)
    wishes = [encode(provision(), key) for _ in range(instances)]  # whoever wishes is not what is measured
    published = running = 0
    started, cpu = time.monotonic(), seconds_of_descendants()
    while running < instances:
        wanted = min(IN_FLIGHT - (published - running), instances - published)
        if wanted > 0:
            await publish(client, wishes[published : published + wanted])
            published += wanted
        await asyncio.sleep(0.1)
        running = (await _changes(client) - told) // CHANGES_EACH
    measured = Throughput(CHANGES_EACH * instances, time.monotonic() - started, seconds_of_descendants() - cpu)
    if (found := await count_running(connection) - before) != instances:
        raise RuntimeError(f"{found} of {instances} instances run, though each has changed {CHANGES_EACH} times")
    return measured


async def _changes(client: Client) -> int:
    """How many state changes have ever been told."""
    return (await jetstream(client).stream_info(CHANGES_STREAM)).state.last_seq


async def count_running(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """How many instances run."""
    return int(await connection.fetchval("SELECT count(*) FROM instances WHERE state = 'running'"))


async def until_running(connection: "asyncpg.Connection[asyncpg.Record]", wanted: int) -> None:
    """Waits until so many run. Raises TimeoutError after a minute."""
    async with asyncio.timeout(60):
        while await count_running(connection) < wanted:  # noqa: ASYNC110  # another process makes them run
            await asyncio.sleep(0.05)
