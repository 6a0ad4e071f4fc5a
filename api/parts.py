"""How each part is, from what all can see of it: locks and outbox in PostgreSQL, its consumer in JetStream."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo
from sqlalchemy.ext.asyncio import AsyncEngine

from api.ports import Databases
from bus.connection import translated
from bus.streams import CLUSTER, DATABASE, LIFECYCLE, STREAM_OF
from persistence import outbox
from persistence.leadership import led
from schemas.counting import count_of
from schemas.errors import DependencyDown
from schemas.parts import PartView

RELAY, WATCHER = "relay", "watcher"
"""Who leads each is told by its lock."""
BEHIND = 30.0
"""Seconds that a row may be due before the relay is said to be behind."""
PATIENCE = 2.0
LOOKS, PAUSE = 3, 0.3
"""Between two pulls a consumer asks for nothing: it is looked at so often before it is said that nobody does."""


async def parts(engine: AsyncEngine, js: JetStreamContext, databases: Databases) -> list[PartView]:
    """Of each part. What cannot be known is said of its own part, and costs no other."""
    found = await asyncio.gather(_leading(engine), _consuming(js), _database_service(databases))
    return [each for views in found for each in views]


async def _leading(engine: AsyncEngine) -> list[PartView]:
    names = (RELAY, WATCHER)
    try:
        async with asyncio.timeout(PATIENCE):
            leading, depth = await led(engine, names), await outbox.depth(engine)
    except (DependencyDown, TimeoutError) as error:
        return [_unknown(name, error) for name in names]
    age = max((datetime.now(UTC) - depth.oldest).total_seconds(), 0) if depth.oldest else 0.0
    rows = count_of(depth.rows, "row of the outbox is due", "rows of the outbox are due")
    due = f"{rows}, the oldest for {age:.1f} s" if depth.rows else "nothing of the outbox is due"
    queue = f"{due}; {count_of(depth.timers, 'timer')}"
    return [
        PartView(part=RELAY, well=RELAY in leading and age < BEHIND, line=f"{_active(RELAY in leading)}; {queue}"),
        PartView(part=WATCHER, well=WATCHER in leading, line=_active(WATCHER in leading)),
    ]


def _active(is_led: bool) -> str:
    return "active" if is_led else "none is active"


async def _consuming(js: JetStreamContext) -> list[PartView]:
    names = (LIFECYCLE, DATABASE, CLUSTER)
    attended: set[str] = set()
    known: Mapping[str, ConsumerInfo] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            async for known in _looks(js):
                attended |= {name for name, info in known.items() if info.num_waiting or info.num_ack_pending}
                if attended.issuperset(names):
                    break
    except (DependencyDown, TimeoutError) as error:
        return [_unknown(name, error) for name in names]
    return [_consumer(name, known.get(name), attended=name in attended) for name in names]


async def _looks(js: JetStreamContext) -> AsyncIterator[Mapping[str, ConsumerInfo]]:
    for look in range(LOOKS):
        if look:
            await asyncio.sleep(PAUSE)
        async with translated():
            found = [each for stream in STREAM_OF.values() for each in await js.consumers_info(stream)]
        yield {info.name: info for info in found}


def _consumer(name: str, info: ConsumerInfo | None, *, attended: bool) -> PartView:
    if info is None:
        return PartView(part=name, well=False, line="its consumer does not exist")
    lag = f"{count_of(info.num_pending or 0, 'message')} to come, {info.num_ack_pending or 0:,} in work"
    again = f", {info.num_redelivered:,} of them again" if info.num_redelivered else ""
    return PartView(part=name, well=attended, line=f"{'' if attended else 'nobody takes its messages; '}{lag}{again}")


async def _database_service(databases: Databases) -> list[PartView]:
    name = "database-service"
    try:
        async with asyncio.timeout(PATIENCE):
            await databases.reachable()
    except (DependencyDown, TimeoutError) as error:
        return [_unknown(name, error)]
    return [PartView(part=name, well=True, line="answers")]


def _unknown(name: str, error: Exception) -> PartView:
    return PartView(part=name, well=False, line=f"not known: {str(error) or 'no answer in time'}")
