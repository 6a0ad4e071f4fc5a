"""The live rows of what is verified, some at a time."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence import instances
from persistence.engine import translated
from persistence.replay import Selection
from persistence.tables import audit_log
from persistence.tables import instances as table
from statemachine.instance import Instance

BATCH = 500


async def pages(engine: AsyncEngine, wanted: Selection) -> AsyncIterator[list[Instance]]:
    """In id order, deleted ones too, each as it is when its page is read. Raises DependencyDown."""
    last: UUID | None = None
    while found := await _ids(engine, wanted, last):
        rows = await instances.get_many(engine, found)
        yield [rows[identity] for identity in found if identity in rows]
        last = found[-1]


async def _ids(engine: AsyncEngine, wanted: Selection, after: UUID | None) -> list[UUID]:
    statement = select(table.c.id).order_by(table.c.id).limit(BATCH)
    if wanted.instance_id is not None:
        statement = statement.where(table.c.id == wanted.instance_id)
    if wanted.since is not None:
        since = (audit_log.c.instance_id == table.c.id) & (audit_log.c.recorded_at >= wanted.since)
        statement = statement.where(exists().where(since))
    if after is not None:
        statement = statement.where(table.c.id > after)
    async with translated(), engine.connect() as connection:
        return list((await connection.execute(statement)).scalars())
