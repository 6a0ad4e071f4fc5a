"""Rows of the audit log as they are written: those that a change told of, and those that changed nothing."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.audit import from_row
from persistence.engine import reading
from persistence.searching import AuditFilter, matching
from persistence.tables import audit_log as table
from schemas.views import AuditRow

MOST = 500
"""Rows of one look; who follows everything there is sees that there was more."""
_IDLE = ("stale", "rejected")
"""Outcomes that change nothing: no change tells of them."""


async def told(engine: AsyncEngine, wanted: AuditFilter, places: Collection[tuple[UUID, int]]) -> list[AuditRow]:
    """Those of the rows at these places (instance, sequence) that fit, oldest first. Raises DependencyDown."""
    return await _rows(engine, wanted, tuple_(table.c.instance_id, table.c.sequence).in_(places))


async def idle(engine: AsyncEngine, wanted: AuditFilter, since: datetime) -> list[AuditRow]:
    """Rows since then that changed nothing, and fit, oldest first. Raises DependencyDown."""
    return await _rows(engine, wanted, and_(table.c.outcome.in_(_IDLE), table.c.recorded_at >= since))


async def _rows(engine: AsyncEngine, wanted: AuditFilter, condition: ColumnElement[bool]) -> list[AuditRow]:
    order = (table.c.recorded_at, table.c.instance_id, table.c.sequence)
    statement = select(table).where(condition, *matching(wanted)).order_by(*order).limit(MOST)
    async with reading(engine) as connection:
        return [from_row(row) for row in (await connection.execute(statement)).mappings()]
