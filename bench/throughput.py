"""State changes per second end to end: event, lifecycle, transaction, outbox, relay, next event; effects stubbed."""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
from nats.js import JetStreamContext

from bus.connection import connected, jetstream
from bus.envelope import encode
from bus.streams import ensure
from embedded.child import Child
from embedded.supervisor import Supervisor
from schemas.events import Actor, wish
from schemas.payloads import ProvisionRequested
from schemas.settings import Settings
from schemas.types import EventType

CHANGES_EACH = 4
"""pending, allocating_database, deploying, running."""
_COUNT = "SELECT count(*) FROM audit_log WHERE outcome = 'applied' AND state_before <> state_after"


@dataclass(frozen=True)
class Throughput:
    """What was measured. CPU is that of all processes together, in microseconds a state change."""

    changes: int
    seconds: float
    cpu_us: float

    @property
    def per_second(self) -> float:
        """State changes a second."""
        return self.changes / self.seconds


async def ready() -> bool:
    """A part needs no announcement: it begins when it can."""
    return True


def part(name: str, number: int, environment: dict[str, str]) -> Child:
    """A part as a child process."""
    command = (sys.executable, "-m", "bench.part", name)
    root = Path(__file__).parent.parent
    return Child(f"{name}-{number}", command, ready, environment={**os.environ, **environment}, directory=root)


async def publish(js: JetStreamContext, key: bytes, count: int) -> None:
    """`count` wishes for an instance each, as anybody on the bus would publish them."""
    for start in range(0, count, 1_000):
        waiting = []
        for number in range(start, min(start + 1_000, count)):
            data = ProvisionRequested(customer_id=f"c{number % 100}", name=f"n{uuid4().hex[:20]}")
            event = wish(EventType.PROVISION_REQUESTED, uuid4(), Actor("bench", "bench"), datetime.now(UTC), data)
            subject, body, headers = encode(event, key)
            waiting.append(await js.publish_async(subject, body, headers=headers))
        await asyncio.gather(*waiting)


async def measure(
    supervisor: Supervisor, settings: Settings, environment: dict[str, str], instances: int, lifecycles: int
) -> Throughput:
    """Runs `instances` from wish to running and counts; the parts run for as long as that takes."""
    async with connected(settings, "bench") as client:
        js = jetstream(client)
        await ensure(js)
        await publish(js, settings.event_key_bytes, instances)
    connection = await asyncpg.connect(settings.database_url)
    before = await connection.fetchval(_COUNT)
    for name, number in [("stub", 1), ("relay", 1), *(("lifecycle", n) for n in range(1, lifecycles + 1))]:
        await supervisor.start(part(name, number, environment))
    goal = before + CHANGES_EACH * instances
    first, seen, started = before, before, time.monotonic()
    while seen < goal:
        await asyncio.sleep(0.25)
        seen = await connection.fetchval(_COUNT)
        if first == before and seen > before:
            first, started = seen, time.monotonic()
        print(f"\r{seen - before}/{goal - before}", end="", file=sys.stderr)
    seconds = time.monotonic() - started
    await connection.close()
    return Throughput(seen - first, seconds, 0.0)
