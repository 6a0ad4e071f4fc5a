"""Latency from an event to the state it led to being committed, at a rate that leaves room."""

import asyncio
import time
from dataclasses import dataclass

import asyncpg
from nats.aio.client import Client

from bench.throughput import CHANGES_EACH, count_running, provision, publish, until_running
from bus.envelope import encode

_SINCE = """
SELECT percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM recorded_at - said) * 1000)
FROM (
    SELECT recorded_at, (convert_from(event, 'UTF8')::jsonb ->> 'time')::timestamptz AS said FROM audit_log
    WHERE recorded_at > $1 AND outcome = 'applied' AND type <> 'provision.admitted'
) AS events
"""


@dataclass(frozen=True)
class Latency:
    """Milliseconds, at `rate` state changes a second."""

    p50: float
    p99: float
    rate: int


async def measure(
    client: Client, key: bytes, connection: "asyncpg.Connection[asyncpg.Record]", rate: int, seconds: float
) -> Latency:
    """Wishes at an even rate for so many seconds; both ends are clocks of this machine."""
    begin = await connection.fetchval("SELECT clock_timestamp()")
    running = await count_running(connection)
    wishes = int(rate / CHANGES_EACH * seconds)
    started = time.monotonic()
    for number in range(wishes):
        await publish(client, [encode(provision(), key)])
        await asyncio.sleep(max(0.0, started + (number + 1) * CHANGES_EACH / rate - time.monotonic()))
    await until_running(connection, running + wishes)
    p50, p99 = await connection.fetchval(_SINCE, begin)
    return Latency(float(p50), float(p99), rate)
