"""Reading the audit log: pages of rows, and how the job goes that a wish began."""

from uuid import UUID

import orjson
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import translated
from persistence.searching import AuditFilter, search
from persistence.tables import audit_log as table
from schemas.views import AuditRow, JobView
from statemachine.jobs import job_of


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
    async with translated(), engine.connect() as connection:
        rows, following = await search(connection, wanted, limit, cursor, newest_first=newest_first)
    return [from_row(row) for row in rows], following


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
