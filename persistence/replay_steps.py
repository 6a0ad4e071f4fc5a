"""One step of a replay, in one transaction: choose the next events, have them sent, keep how many were.

Its row is locked meanwhile, so two runners take turns, and a stop that has been answered is one.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from persistence.engine import transaction, translated
from persistence.replays import note
from persistence.tables import audit_log, replay_items, replay_progress, replays
from schemas.errors import DependencyDown
from schemas.rates import per_second

RUNNER = "lifecycle:replay"
BURST = 0.2
"""Seconds whose events may be sent at once; what more was missed, while it stood still say, is not caught up with."""
_GONE = "is not in the audit log any more: it was archived, or removed"


class Chosen(NamedTuple):
    """One event of a replay: the bytes that were recorded, and what had become of it. `position`: 1, 2, …"""

    position: int
    event_id: UUID
    event: bytes
    outcome: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the events of a replay go."""

    replay_id: UUID
    subject: str
    stream: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Up to which position all are in the stream. `refused`: why it must stop; `down`: why it is to be tried again."""

    position: int
    refused: str | None = None
    down: DependencyDown | None = None


Send = Callable[[Destination, Sequence[Chosen]], Awaitable[Sent]]


async def sending(engine: AsyncEngine) -> Sequence[UUID]:
    """The replays that have events to send. Raises DependencyDown."""
    statement = select(replay_progress.c.replay_id).where(replay_progress.c.state == "sending")
    async with translated(), engine.connect() as connection:
        return (await connection.execute(statement)).scalars().all()


async def step(engine: AsyncEngine, replay_id: UUID, send: Send, clock: Callable[[], datetime]) -> float | None:
    """Goes one step; in how many seconds the next event may be sent, None: no more.

    Raises DependencyDown; what was sent until then is kept.
    """
    async with transaction(engine) as connection:
        row = await _locked(connection, replay_id)
        if row is None:
            return None
        number, due_in = _due(row, clock())
        if not number:
            return due_in
        sent = await _send(connection, row, number, send)
        await _keep(connection, row, sent, clock())
    if sent.down is not None:
        raise sent.down
    return None if sent.refused or sent.position == row["count"] else due_in


async def _locked(connection: AsyncConnection, replay_id: UUID) -> RowMapping | None:
    progress = replay_progress.c
    both = replay_progress.join(replays, replays.c.id == progress.replay_id)
    of_it = (progress.replay_id == replay_id, progress.state == "sending")
    statement = select(progress.sent, progress.sent_at, replays).select_from(both).where(*of_it)
    return (await connection.execute(statement.with_for_update(of=replay_progress))).mappings().one_or_none()


def _due(row: RowMapping, now: datetime) -> tuple[int, float]:
    """How many may be sent now, and how long until the next."""
    rate = per_second(row["rate"])
    most = max(1, int(rate * BURST))
    if row["sent_at"] is None:
        return most, 1 / rate
    allowed = max((now - row["sent_at"]).total_seconds(), 0.0) * rate
    return min(int(allowed), most), 1 / rate if allowed >= 1 else (1 - allowed) / rate


async def _send(connection: AsyncConnection, row: RowMapping, number: int, send: Send) -> Sent:
    found = await _next(connection, row["id"], row["sent"], number)
    ready = found[: _unbroken(found)]
    where = Destination(row["id"], row["subject"], row["stream"])
    sent = await send(where, ready) if ready else Sent(row["sent"])
    if sent.down or sent.refused or len(ready) == len(found):
        return sent
    return Sent(sent.position, refused=f"event {sent.position + 1} {_GONE}")


def _unbroken(found: Sequence[Chosen]) -> int:
    return next((number for number, each in enumerate(found) if not each.event), len(found))


async def _next(connection: AsyncConnection, replay_id: UUID, sent: int, number: int) -> list[Chosen]:
    """The next events; those whose row is gone have no bytes."""
    items, rows = replay_items.c, audit_log.c
    place = (rows.instance_id == items.instance_id) & (rows.sequence == items.sequence)
    of_it = (items.replay_id == replay_id, items.position > sent, items.position <= sent + number)
    columns = (items.position, rows.event_id, rows.event, rows.outcome)
    both = replay_items.outerjoin(audit_log, place)
    statement = select(*columns).select_from(both).where(*of_it).order_by(items.position)
    return [Chosen._make(each) for each in await connection.execute(statement)]


async def _keep(connection: AsyncConnection, row: RowMapping, sent: Sent, now: datetime) -> None:
    done = sent.position == row["count"]
    state = "completed" if done else "stopped" if sent.refused else "sending"
    values = {"state": state, "sent": sent.position, "sent_at": now, "why": sent.refused or _waits(sent)}
    await connection.execute(replay_progress.update().where(replay_progress.c.replay_id == row["id"]).values(values))
    if state != "sending":
        await note(connection, row["id"], now, state, RUNNER, sent.refused or "")
    if done:
        await connection.execute(delete(replay_items).where(replay_items.c.replay_id == row["id"]))


def _waits(sent: Sent) -> str | None:
    return f"waits: {sent.down}" if sent.down is not None else None
