"""Reading instances: one, many, or a page of them, newest first."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Text, cast, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import translated
from persistence.rows import COLUMNS, JSON_COLUMNS, from_row
from persistence.tables import instances as table
from schemas.errors import BadInput
from statemachine.instance import Instance

_VALUES = [cast(table.c[name], Text).label(name) if name in JSON_COLUMNS else table.c[name] for name in COLUMNS]


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances; None means any. `q` is found in name, customer, id and error."""

    status: str | None = None
    state: str | None = None
    customer_id: str | None = None
    error_code: str | None = None
    q: str | None = None


async def get(engine: AsyncEngine, instance_id: UUID) -> Instance | None:
    """The instance as it is now. Raises DependencyDown."""
    return (await get_many(engine, [instance_id])).get(instance_id)


async def get_many(engine: AsyncEngine, instance_ids: Iterable[UUID]) -> dict[UUID, Instance]:
    """Those of `instance_ids` that exist. Raises DependencyDown."""
    statement = select(*_VALUES).where(table.c.id.in_(list(instance_ids)))
    async with translated(), engine.connect() as connection:
        rows = (await connection.execute(statement)).all()
    return {row.id: from_row(row) for row in rows}


async def ids(engine: AsyncEngine, after: UUID | None = None, limit: int = 1_000) -> list[UUID]:
    """The ids of instances that are not deleted, in id order, `limit` at a time. Raises DependencyDown."""
    statement = select(table.c.id).where(table.c.state != "deleted").order_by(table.c.id).limit(limit)
    if after is not None:
        statement = statement.where(table.c.id > after)
    async with translated(), engine.connect() as connection:
        return list((await connection.execute(statement)).scalars())


async def page(
    engine: AsyncEngine, wanted: InstanceFilter, *, limit: int = 50, cursor: str | None = None
) -> tuple[list[Instance], str | None]:
    """Instances, newest first, and the cursor of the next page (None: there is none).

    Raises BadInput where the cursor is none of ours, DependencyDown.
    """
    conditions = list(_conditions(wanted))
    if cursor is not None:
        conditions.append(tuple_(table.c.created_at, table.c.id) < tuple_(*map(literal, decode_cursor(cursor))))
    newest_first = (table.c.created_at.desc(), table.c.id.desc())
    statement = select(*_VALUES).where(*conditions).order_by(*newest_first).limit(limit + 1)
    async with translated(), engine.connect() as connection:
        rows = (await connection.execute(statement)).all()
    found = [from_row(row) for row in rows[:limit]]
    more = len(rows) > limit
    return found, encode_cursor(found[-1].created_at, found[-1].id) if more else None


def _conditions(wanted: InstanceFilter) -> Iterator[ColumnElement[bool]]:
    for name in ("status", "state", "customer_id", "error_code"):
        value = getattr(wanted, name)
        if value is not None:
            yield table.c[name] == value
    if wanted.status is None and wanted.state is None:
        yield table.c.state != "deleted"
    if wanted.q:
        searched = func.concat_ws(" ", table.c.name, table.c.customer_id, table.c.id, table.c.error_message)
        yield searched.icontains(wanted.q, autoescape=True)


def encode_cursor(moment: datetime, *rest: object) -> str:
    """Where a page ended, opaque to callers."""
    return base64.urlsafe_b64encode(orjson.dumps([moment, *rest], default=str)).decode().rstrip("=")


def decode_cursor(cursor: str, numbers: int = 0) -> tuple[datetime, UUID, *tuple[int, ...]]:
    """The inverse; `numbers` is how many follow the id. Raises BadInput, also for the cursor of another list."""
    try:
        text, identity, *rest = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(text)
        if len(rest) != numbers or moment.tzinfo is None:
            raise ValueError("a cursor of another list")
        return moment, UUID(identity), *map(int, rest)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise BadInput("cursor", "is none that this API gave; start again without it") from error
