"""Reading the audit log: pages of rows, and how the job goes that a wish began."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, RowMapping, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import translated
from persistence.instances import decode_cursor, encode_cursor
from persistence.tables import audit_log as table
from persistence.tables import instances
from schemas.views import AuditRow, JobView
from statemachine.jobs import job_of


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows; None means any. `since` is included, `until` is not."""

    instance_id: UUID | None = None
    customer_id: str | None = None
    actor: str | None = None
    type: str | None = None
    state_before: str | None = None
    state_after: str | None = None
    outcome: str | None = None
    correlation_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def from_row(row: RowMapping) -> AuditRow:
    """The row as people see it."""
    values = {name: row[name] for name in AuditRow.model_fields if name != "data"}
    return AuditRow.model_validate({**values, "data": orjson.loads(row["event"])["data"]})


async def page(
    engine: AsyncEngine, wanted: AuditFilter, *, limit: int = 100, cursor: str | None = None, newest_first: bool = True
) -> tuple[list[AuditRow], str | None]:
    """Rows in the order of time, and the cursor of the next page (None: there is none).

    Raises BadInput where the cursor is none of ours, DependencyDown.
    """
    conditions = list(_conditions(wanted))
    key = (table.c.recorded_at, table.c.instance_id, table.c.sequence)
    if cursor is not None:
        place = tuple_(*map(literal, decode_cursor(cursor, numbers=1)))
        conditions.append(tuple_(*key) < place if newest_first else tuple_(*key) > place)
    order = [column.desc() if newest_first else column.asc() for column in key]
    statement = select(table).where(*conditions).order_by(*order).limit(limit + 1)
    async with translated(), engine.connect() as connection:
        rows = (await connection.execute(statement)).mappings().all()
    found = [from_row(row) for row in rows[:limit]]
    last = found[-1] if len(rows) > limit else None
    return found, encode_cursor(last.recorded_at, last.instance_id, last.sequence) if last else None


def _conditions(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    for name in ("instance_id", "actor", "type", "state_before", "state_after", "outcome", "correlation_id"):
        value = getattr(wanted, name)
        if value is not None:
            yield table.c[name] == value
    if wanted.customer_id is not None:
        yield table.c.instance_id.in_(select(instances.c.id).where(instances.c.customer_id == wanted.customer_id))
    if wanted.since is not None:
        yield table.c.recorded_at >= wanted.since
    if wanted.until is not None:
        yield table.c.recorded_at < wanted.until


async def job(engine: AsyncEngine, job_id: UUID) -> JobView | None:
    """How the job goes that the wish with this id began; None where there is no such wish. Raises DependencyDown."""
    begun = select(table).where(table.c.correlation_id == job_id, table.c.event_id == job_id)
    async with translated(), engine.connect() as connection:
        first = (await connection.execute(begun)).mappings().one_or_none()
        if first is None:
            return None
        since = select(table).where(table.c.instance_id == first["instance_id"], table.c.sequence >= first["sequence"])
        rows = (await connection.execute(since.order_by(table.c.sequence))).mappings().all()
    return job_of([from_row(row) for row in rows])
