"""How far an instance's rows of the audit log reach, and which of them was the last at a given time."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.audit import from_row
from persistence.engine import translated
from persistence.tables import audit_log
from schemas.views import AuditRow


class Extent(NamedTuple):
    """Whose the rows are, when the first was recorded, and the sequences of the last: now, and at the given time."""

    customer_id: str
    began: datetime
    last: int
    then: int | None


async def extent(engine: AsyncEngine, instance_id: UUID, at: datetime | None = None) -> Extent | None:
    """None where the audit log has no row of the instance. Raises DependencyDown."""
    rows = audit_log.c
    then = func.max(rows.sequence).filter(rows.recorded_at <= at) if at is not None else func.max(rows.sequence)
    columns = (func.min(rows.customer_id), func.min(rows.recorded_at), func.max(rows.sequence), then)
    async with translated(), engine.connect() as connection:
        found = (await connection.execute(select(*columns).where(rows.instance_id == instance_id))).one()
    return None if found[0] is None else Extent._make(found)


async def row(engine: AsyncEngine, instance_id: UUID, sequence: int) -> AuditRow | None:
    """One row by its sequence; None where there is none. Raises DependencyDown."""
    statement = select(audit_log).where(audit_log.c.instance_id == instance_id, audit_log.c.sequence == sequence)
    async with translated(), engine.connect() as connection:
        found = (await connection.execute(statement)).mappings().one_or_none()
    return None if found is None else from_row(found)
