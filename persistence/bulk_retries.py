"""Bulk retries as rows: what was asked for, and each instance of it with what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, RowMapping, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from persistence.engine import transaction, translated
from persistence.tables import bulk_retries as table
from persistence.tables import bulk_retry_items as items
from persistence.tables import instances
from schemas.errors import Conflict, Refused
from schemas.retrying import BulkRetryView, FailedInstance, ItemView, RetryMany, Where

LISTED = 20
_FAILED = [instances.c[name] for name in ("id", "customer_id", "name", "error_code", "error_message")]
_COUNTS: dict[str, ColumnElement[bool]] = {
    "waiting": and_(items.c.outcome.is_(None), items.c.sent_at.is_(None)),
    "under_way": and_(items.c.outcome.is_(None), items.c.sent_at.is_not(None)),
    "verified": items.c.outcome == "verified",
    "failed": items.c.outcome == "failed",
    "skipped": items.c.outcome == "skipped",
    "same_error": and_(items.c.outcome == "failed", items.c.error_code == items.c.error_code_before),
}


@dataclass(frozen=True, slots=True)
class Begun:
    """Who asked for a bulk retry, and when. `customer_id`: to whose instances it is narrowed, None: to nobody's."""

    id: UUID
    actor: str
    customer_id: str | None
    at: datetime


def event_id(bulk_id: UUID, instance_id: UUID) -> UUID:
    """The id of the one retry that a bulk retry may wish for an instance, however often it is tried."""
    return uuid5(bulk_id, str(instance_id))


async def matching(
    engine: AsyncEngine, where: Where, customer_id: str | None, limit: int, sample: int
) -> tuple[int, list[FailedInstance]]:
    """How many instances would be retried, and the first of them. Raises DependencyDown."""
    chosen = _matching(where, customer_id).with_only_columns(*_FAILED).limit(limit)
    async with translated(), engine.connect() as connection:
        count = await connection.scalar(select(func.count()).select_from(chosen.subquery()))
        rows = (await connection.execute(chosen.limit(min(sample, limit)))).mappings().all()
    return int(count or 0), [FailedInstance.model_validate(dict(row)) for row in rows]


def _matching(where: Where, customer_id: str | None) -> Any:
    """Those that failed first come first."""
    wanted = where.model_dump(exclude_none=True)
    conditions: list[ColumnElement[bool]] = [instances.c.state == "error", instances.c.held_at.is_(None)]
    conditions += [instances.c[name] == wanted[name] for name in ("error_code", "customer_id") if name in wanted]
    conditions += [
        instances.c.request[name].astext == wanted[name] for name in ("profile", "db_type") if name in wanted
    ]
    if where.ids is not None:
        conditions.append(instances.c.id.in_(where.ids))
    if customer_id is not None:
        conditions.append(instances.c.customer_id == customer_id)
    order = (instances.c.state_since, instances.c.id)
    return select(instances.c.id).where(*conditions).order_by(*order)


async def create(engine: AsyncEngine, begun: Begun, wanted: RetryMany) -> None:
    """Keeps what is to be retried, as it is now; the same id again changes nothing.

    Raises Conflict where it is not as many as the caller saw, DependencyDown.
    """
    values = {
        "id": begun.id,
        "customer_id": begun.customer_id,
        "actor": begun.actor,
        "reason": wanted.reason,
        "wanted": wanted.where.model_dump(mode="json", exclude_none=True),
        "change": wanted.change.model_dump(mode="json", exclude_none=True),
        "rate": wanted.rate,
        "stop_share": wanted.stop_share,
        "created_at": begun.at,
        "state": "canary",
    }
    async with transaction(engine) as connection:
        new = insert(table).values(values).on_conflict_do_nothing().returning(table.c.id)
        if (await connection.execute(new)).one_or_none() is not None:
            await _add_items(connection, begun, wanted)


async def _add_items(connection: AsyncConnection, begun: Begun, wanted: RetryMany) -> None:
    columns = (instances.c.id, instances.c.attempt, instances.c.error_code)
    chosen = _matching(wanted.where, begun.customer_id).with_only_columns(*columns).limit(wanted.limit)
    rows = (await connection.execute(chosen)).all()
    if len(rows) != wanted.expected:
        raise Conflict(f"The count is {len(rows)} now, not {wanted.expected}; look at the plan again")
    await connection.execute(
        insert(items),
        [
            {
                "bulk_retry_id": begun.id,
                "position": position,
                "instance_id": row.id,
                "event_id": event_id(begun.id, row.id),
                "attempt": row.attempt,
                "error_code_before": row.error_code,
            }
            for position, row in enumerate(rows)
        ],
    )


async def show(engine: AsyncEngine, bulk_id: UUID) -> tuple[BulkRetryView, str | None] | None:
    """How it goes, and to which customer it belongs; None where there is none. Raises DependencyDown."""
    async with translated(), engine.connect() as connection:
        row = (await connection.execute(select(table).where(table.c.id == bulk_id))).mappings().one_or_none()
        return None if row is None else (await _view(connection, row), row["customer_id"])


async def latest(engine: AsyncEngine, customer_id: str | None) -> list[BulkRetryView]:
    """The latest, newest first; only those of `customer_id`, None: all. Raises DependencyDown."""
    statement = select(table).order_by(table.c.created_at.desc(), table.c.id).limit(LISTED)
    if customer_id is not None:
        statement = statement.where(table.c.customer_id == customer_id)
    async with translated(), engine.connect() as connection:
        rows = (await connection.execute(statement)).mappings().all()
        return [await _view(connection, row) for row in rows]


async def _view(connection: AsyncConnection, row: RowMapping) -> BulkRetryView:
    own = {name: row[name] for name in BulkRetryView.model_fields if name in row}
    return BulkRetryView(
        **own,
        **await tally(connection, row["id"]),
        paused=row["paused_at"] is not None,
        where=row["wanted"],
        setbacks=await _setbacks(connection, row["id"]),
    )


async def tally(connection: AsyncConnection, bulk_id: UUID) -> dict[str, int]:
    """How many of its instances there are, and how many of each kind."""
    counts = [func.count().filter(condition).label(name) for name, condition in _COUNTS.items()]
    found = await connection.execute(
        select(func.count().label("total"), *counts).where(items.c.bulk_retry_id == bulk_id)
    )
    return dict(found.mappings().one())


async def _setbacks(connection: AsyncConnection, bulk_id: UUID) -> Sequence[ItemView]:
    wanted = (items.c.bulk_retry_id == bulk_id, items.c.outcome.in_(("failed", "skipped")))
    rows = await connection.execute(select(items).where(*wanted).order_by(items.c.position).limit(LISTED))
    return [ItemView.model_validate({**row, "error": row["error"]}) for row in map(dict, rows.mappings())]


async def pause(engine: AsyncEngine, bulk_id: UUID, now: datetime | None) -> None:
    """Begin no more for now; None: go on. Raises Refused where it is over, DependencyDown."""
    await _change(engine, bulk_id, paused_at=now)


async def abort(engine: AsyncEngine, bulk_id: UUID, actor: str) -> None:
    """Begin no more; what was begun goes on. Raises Refused where it is over, DependencyDown."""
    await _change(engine, bulk_id, state="aborted", why=f"aborted by {actor}", paused_at=None)


async def _change(engine: AsyncEngine, bulk_id: UUID, **values: object) -> None:
    """The runner holds the row while it sends, so what it sends after this is nothing."""
    unfinished = (table.c.id == bulk_id, table.c.state.in_(("canary", "following")))
    async with transaction(engine) as connection:
        changed = await connection.execute(table.update().where(*unfinished).values(values))
        if changed.rowcount == 0:
            raise Refused("The bulk retry is over; nothing more of it would be begun")
