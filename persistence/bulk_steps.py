"""One step of a bulk retry, in one transaction: read what came of it, judge, wish for the next.

The row of the bulk retry is locked meanwhile, so two runners take turns, and an abort that has been answered is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from persistence.batch import Result
from persistence.bulk_judging import Tally, judged
from persistence.bulk_retries import tally
from persistence.engine import transaction, translated
from persistence.tables import bulk_retries as table
from persistence.writer import Writer
from schemas.events import Actor, Event
from schemas.payloads import RetryRequested
from schemas.rates import per_second
from schemas.requests import RequestChange
from schemas.types import EventType
from statemachine.decision import Outcome

BURST = 0.2
"""Seconds whose retries may be begun at once; what more was missed, in a pause say, is not caught up with."""
_SETTLE = """
UPDATE bulk_retry_items i SET outcome = v.outcome, error_code = v.error_code, error = v.error
FROM (
    SELECT u.instance_id,
    CASE WHEN a.type = 'retry.verified' THEN 'verified' WHEN a.type = 'retry.failed' THEN 'failed'
        WHEN n.job_id <> u.event_id THEN 'failed' WHEN n.has_run THEN 'verified' WHEN n.state = 'error' THEN 'failed'
    END AS outcome,
    CASE WHEN a.type IS NOT NULL THEN a.data->>'error_code' WHEN n.job_id = u.event_id THEN n.error_code
    END AS error_code,
    CASE WHEN a.type IS NOT NULL THEN a.data->>'error_message' WHEN n.job_id = u.event_id THEN n.error_message
        ELSE 'something else was asked for meanwhile'
    END AS error
    FROM bulk_retry_items u JOIN instances n ON n.id = u.instance_id
    LEFT JOIN LATERAL (
        SELECT type, convert_from(event, 'UTF8')::jsonb->'data' AS data FROM audit_log
        WHERE correlation_id = u.event_id AND instance_id = u.instance_id AND outcome = 'applied'
        AND type IN ('retry.verified', 'retry.failed') ORDER BY sequence LIMIT 1
    ) a ON true
    WHERE u.bulk_retry_id = $1 AND u.sent_at IS NOT NULL AND u.outcome IS NULL
) v
WHERE i.bulk_retry_id = $1 AND i.instance_id = v.instance_id AND v.outcome IS NOT NULL
"""
"""What the audit log says of the retries under way. Where the attempt before had failed at no step, as an adopted one
may, there is no verdict in it: then the instance itself tells."""
_LAST_SENT = "SELECT max(sent_at) FROM bulk_retry_items WHERE bulk_retry_id = $1"
_NEXT = """
SELECT i.instance_id, i.event_id, n.state = 'error' AND n.held_at IS NULL AND n.attempt = i.attempt AS unchanged
FROM bulk_retry_items i JOIN instances n ON n.id = i.instance_id
WHERE i.instance_id = ANY($2::uuid[]) AND i.bulk_retry_id = $1 ORDER BY n.id FOR UPDATE OF n
"""
_WAITING = """
SELECT instance_id FROM bulk_retry_items WHERE bulk_retry_id = $1 AND sent_at IS NULL AND outcome IS NULL
ORDER BY position LIMIT $2
"""
_SENT = "UPDATE bulk_retry_items SET sent_at = $2 WHERE bulk_retry_id = $1 AND instance_id = ANY($3::uuid[])"
_SKIPPED = """
UPDATE bulk_retry_items i SET outcome = 'skipped', error = v.error
FROM unnest($2::uuid[], $3::text[]) AS v(instance_id, error)
WHERE i.bulk_retry_id = $1 AND i.instance_id = v.instance_id
"""
_CHANGED = "has changed since it was chosen; it was left alone"


@dataclass(frozen=True, slots=True)
class Step:
    """What one step has left: whether all is known, and in how many seconds the next retry may be wished for."""

    ended: bool
    due_in: float | None = None


async def unended(engine: AsyncEngine) -> Sequence[UUID]:
    """The bulk retries of which not all is known yet, oldest first. Raises DependencyDown."""
    statement = select(table.c.id).where(table.c.ended_at.is_(None)).order_by(table.c.created_at)
    async with translated(), engine.connect() as connection:
        return (await connection.execute(statement)).scalars().all()


async def step(writer: Writer, bulk_id: UUID) -> Step:
    """Goes one step. Raises DependencyDown; nothing has been done then, or all of it."""
    results: Sequence[Result] = ()
    async with transaction(writer.engine) as connection:
        locked = select(table).where(table.c.id == bulk_id, table.c.ended_at.is_(None)).with_for_update()
        row = (await connection.execute(locked)).mappings().one_or_none()
        if row is None:
            return Step(ended=True)
        await connection.exec_driver_sql(_SETTLE, (bulk_id,))
        counted = Tally(**await tally(connection, bulk_id))
        state, why = judged(row["state"], counted, row["stop_share"])
        now = writer.clock()
        ended = counted.under_way == 0 and state not in ("canary", "following")
        if (state, ended) != (row["state"], False):
            values = {"state": state, "why": why or row["why"], "ended_at": now if ended else None}
            await connection.execute(table.update().where(table.c.id == bulk_id).values(values))
        due_in = None
        if not row["paused_at"]:
            number, due_in = await _due(connection, bulk_id, state, counted, per_second(row["rate"]), now)
            results = await _send(connection, writer, dict(row), number, now) if number else ()
    writer.announce(results)
    return Step(ended, due_in)


async def _due(
    connection: AsyncConnection, bulk_id: UUID, state: str, counted: Tally, rate: float, now: datetime
) -> tuple[int, float | None]:
    """How many may be begun now, and how long until the next: the first goes alone, the others at the rate."""
    if state == "canary":
        return (0, None) if counted.under_way or not counted.waiting else (1, None)
    if state != "following" or not counted.waiting:
        return 0, None
    last: datetime = (await connection.exec_driver_sql(_LAST_SENT, (bulk_id,))).scalar_one()
    allowed = (now - last).total_seconds() * rate
    return min(int(allowed), max(1, int(rate * BURST))), 1 / rate if allowed >= 1 else (1 - allowed) / rate


async def _send(
    connection: AsyncConnection, writer: Writer, bulk: dict[str, Any], number: int, now: datetime
) -> Sequence[Result]:
    """Wishes for the retry of the next ones; who is not as the person saw it is left alone."""
    waiting = (await connection.exec_driver_sql(_WAITING, (bulk["id"], number))).scalars().all()
    rows = (await connection.exec_driver_sql(_NEXT, (bulk["id"], list(waiting)))).all()
    skipped = {row.instance_id: _CHANGED for row in rows if not row.unchanged}
    wished = [_wish(bulk, row.instance_id, row.event_id, now) for row in rows if row.unchanged]
    results = await writer.apply_in(connection, wished) if wished else []
    refused = {each.event.instance_id: each.why for each in results if each.outcome is Outcome.REJECTED}
    skipped |= refused
    sent = [event.instance_id for event in wished if event.instance_id not in refused]
    await connection.exec_driver_sql(_SENT, (bulk["id"], now, sent))
    await connection.exec_driver_sql(_SKIPPED, (bulk["id"], list(skipped), list(skipped.values())))
    return results


def _wish(bulk: dict[str, Any], instance_id: UUID, event_id: UUID, now: datetime) -> Event:
    """As the person who asked for all of them would wish it; its cause is the bulk retry."""
    return Event(
        id=event_id,
        type=EventType.RETRY_REQUESTED,
        instance_id=instance_id,
        time=now,
        actor=Actor.parse(bulk["actor"]),
        data=RetryRequested(change=RequestChange(**bulk["change"])),
        correlation_id=event_id,
        reason=bulk["reason"],
        causation_id=bulk["id"],
    )
