"""What the relay reads and clears: rows that are due, in the order in which they were written."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import reading, transaction

_DUE = """
SELECT id, instance_id, event_id, subject, body, timer, sent, extract(epoch FROM now() - available_at)::float8
FROM outbox
WHERE available_at <= now() ORDER BY available_at, id LIMIT $1
"""
_SENT = "DELETE FROM outbox WHERE id = ANY($1::bigint[]) AND NOT timer"
_POSTPONE = """
UPDATE outbox SET sent = sent + 1, available_at = now() + $2 * interval '1 second'
WHERE id = ANY($1::bigint[]) AND timer
"""
_NEXT = "SELECT extract(epoch FROM min(available_at) - now()) FROM outbox"


class Due(NamedTuple):
    """One row that is due, for `waited` seconds by now. `sent` is how often this timer has been sent before."""

    id: int
    instance_id: UUID
    event_id: UUID
    subject: str
    body: bytes
    timer: bool
    sent: int
    waited: float


class Depth(NamedTuple):
    """How much is due and not sent yet, and since when (None: nothing)."""

    rows: int
    oldest: datetime | None
    timers: int


async def due(engine: AsyncEngine, limit: int) -> list[Due]:
    """Up to `limit` rows that are due. Raises DependencyDown."""
    async with reading(engine) as connection:
        rows = await connection.exec_driver_sql(_DUE, (limit,))
        return [Due._make(row) for row in rows]


async def sent(engine: AsyncEngine, rows: Iterable[Due], *, timer_again_after: float) -> None:
    """The server has these. A timer stays, to be sent again after so many seconds unless it is decided before.

    Raises DependencyDown.
    """
    listed = list(rows)
    timers = [row.id for row in listed if row.timer]
    async with transaction(engine) as connection:
        await connection.exec_driver_sql(_SENT, ([row.id for row in listed if not row.timer],))
        if timers:
            await connection.exec_driver_sql(_POSTPONE, (timers, timer_again_after))


async def next_due_in(engine: AsyncEngine) -> float | None:
    """Seconds until the next row is due, None when there is none. Raises DependencyDown."""
    async with reading(engine) as connection:
        seconds = (await connection.exec_driver_sql(_NEXT)).scalar()
    return None if seconds is None else float(seconds)


async def depth(engine: AsyncEngine) -> Depth:
    """For metrics and health. Raises DependencyDown."""
    statement = text(
        "SELECT count(*) FILTER (WHERE available_at <= now()), min(available_at) FILTER (WHERE available_at <= now()),"
        " count(*) FILTER (WHERE timer) FROM outbox"
    )
    async with reading(engine) as connection:
        row = (await connection.execute(statement)).one()
    return Depth._make(row)
