"""Reading what surrounds one row of the audit log: the rows of its instance, and what waits in the outbox."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.audit import from_row
from persistence.engine import translated
from persistence.tables import audit_log, event_ids, outbox
from schemas.events import Event
from schemas.views import AuditRow
from statemachine.fold import Recorded
from statemachine.policy import Policy


class Waiting(NamedTuple):
    """A row of the outbox. `sent`: how often the relay has sent this timer."""

    event_id: UUID
    subject: str
    sent: int


class Whole(NamedTuple):
    """One row as people see it, and what of it they see parsed: the bytes that were hashed, and the hash."""

    row: AuditRow
    event: bytes
    policy: bytes
    hash: bytes


async def whole(engine: AsyncEngine, event_id: UUID) -> Whole | None:
    """The row of an event; None where it was never recorded. Raises DependencyDown."""
    async with translated(), engine.connect() as connection:
        row = (await connection.execute(_of([event_id]))).mappings().one_or_none()
    return None if row is None else Whole(from_row(row), row["event"], row["policy"], row["hash"])


async def rows_of(engine: AsyncEngine, ids: Iterable[UUID]) -> dict[UUID, AuditRow]:
    """The rows of these events, by event id; those that were never recorded are left out. Raises DependencyDown."""
    async with translated(), engine.connect() as connection:
        rows = (await connection.execute(_of(ids))).mappings().all()
    return {row["event_id"]: from_row(row) for row in rows}


def _of(ids: Iterable[UUID]) -> Select[Any]:
    """The table of ids leads to the rows: it alone has an index on them."""
    place = (audit_log.c.instance_id == event_ids.c.instance_id) & (audit_log.c.sequence == event_ids.c.sequence)
    return select(audit_log).join(event_ids, place).where(event_ids.c.event_id.in_(list(ids)))


async def recorded(engine: AsyncEngine, instance_id: UUID, until: int | None = None) -> list[Recorded]:
    """Every row of the instance, in order, as `fold` takes them; `until`: up to the row of this sequence.

    Raises DependencyDown, BrokenMessage.
    """
    columns = (audit_log.c.event, audit_log.c.recorded_at, audit_log.c.policy)
    statement = select(*columns).where(audit_log.c.instance_id == instance_id).order_by(audit_log.c.sequence)
    if until is not None:
        statement = statement.where(audit_log.c.sequence <= until)
    async with translated(), engine.connect() as connection:
        rows = (await connection.execute(statement)).all()
    return [Recorded(Event.decode(event), at, Policy.decode(policy)) for event, at, policy in rows]


async def waiting(engine: AsyncEngine, instance_id: UUID, ids: Iterable[UUID]) -> list[Waiting]:
    """What the outbox holds of these events. Raises DependencyDown."""
    # each half has an index of its own: the instance's timers, and what is due
    timer = outbox.c.timer & (outbox.c.instance_id == instance_id)
    due = ~outbox.c.timer & (outbox.c.available_at <= func.now())
    columns = (outbox.c.event_id, outbox.c.subject, outbox.c.sent)
    statement = select(*columns).where(or_(timer, due), outbox.c.event_id.in_(list(ids)))
    async with translated(), engine.connect() as connection:
        return [Waiting(*row) for row in await connection.execute(statement)]
