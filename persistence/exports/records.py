"""Exports are audited: who asked for what and why, written before the first row is sent, and that the last one was."""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import reading, transaction
from persistence.exports.formats import Format
from persistence.signing import Document
from persistence.tables import audit_export_ends as ends
from persistence.tables import audit_exports as table
from schemas.exports import ExportView, ExportWhole


class Asked(NamedTuple):
    """An export that somebody asked for. `filters`: those that were given, as JSON has them."""

    id: UUID
    actor: str
    reason: str
    encoding: Format
    filters: dict[str, Any]
    begun_at: datetime


async def begin(engine: AsyncEngine, asked: Asked) -> None:
    """Record that it was asked for. Raises DependencyDown."""
    async with transaction(engine) as connection:
        await connection.execute(insert(table).values(**asked._asdict()))


async def end(engine: AsyncEngine, export_id: UUID, manifest: Document) -> None:
    """Record that its last row was sent. Raises DependencyDown."""
    ended = {"export_id": export_id, "ended_at": datetime.now(UTC), "rows": manifest["rows"], "manifest": manifest}
    async with transaction(engine) as connection:
        await connection.execute(insert(ends).values(**ended))


async def latest(engine: AsyncEngine, limit: int) -> list[ExportView]:
    """The latest, newest first. Raises DependencyDown."""
    newest = _both().order_by(table.c.begun_at.desc(), table.c.id.desc()).limit(limit)
    async with reading(engine) as connection:
        return [ExportView(**_values(row)) for row in (await connection.execute(newest)).mappings()]


async def find(engine: AsyncEngine, export_id: UUID) -> ExportWhole | None:
    """The one with this id; None where there is none. Raises DependencyDown."""
    async with reading(engine) as connection:
        row = (await connection.execute(_both().where(table.c.id == export_id))).mappings().one_or_none()
    return ExportWhole(**_values(row), manifest=row["manifest"]) if row is not None else None


def _both() -> Select[Any]:
    of_ends = (ends.c.ended_at, ends.c.rows, ends.c.manifest)
    return select(table, *of_ends).outerjoin(ends, ends.c.export_id == table.c.id)


def _values(row: RowMapping) -> dict[str, Any]:
    return {name: row["encoding" if name == "format" else name] for name in ExportView.model_fields}
