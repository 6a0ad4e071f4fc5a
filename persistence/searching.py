"""Pages of the audit log: from the index that fits best, and in a bounded time whatever is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, func, literal, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from persistence.instances import decode_cursor, encode_cursor
from persistence.tables import audit_log as table

SEARCHED = 5_000
"""Rows that one page looks through. What is rare among a million rows takes many short pages, and not one that takes a
minute: a page may have fewer rows than asked for, or none, and a cursor nevertheless."""

_KEY = ("recorded_at", "instance_id", "sequence")
_INDEXED = ("correlation_id", "instance_id", "error_code", "outcome", "customer_id")
"""What an index begins with that goes on in the order of a page, the most selective first."""

_COMPARED = ("actor", "type", "state_before", "state_after", "attempt", *_INDEXED)
_COMMON = "applied"
"""The one outcome that nearly all rows have: no index is of use for it."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows; None means any. `since` is included, `until` is not; `q` is found in the event or the error.

    `after`: the sequence of a row of the one instance; only those after it.
    """

    instance_id: UUID | None = None
    customer_id: str | None = None
    actor: str | None = None
    type: str | None = None
    state_before: str | None = None
    state_after: str | None = None
    outcome: str | None = None
    error_code: str | None = None
    attempt: int | None = None
    correlation_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None
    after: int | None = None


async def search(
    connection: AsyncConnection, wanted: AuditFilter, limit: int, cursor: str | None, *, newest_first: bool
) -> tuple[list[RowMapping], str | None]:
    """Rows in the order of time, and the cursor of the next page (None: there is none).

    Raises BadInput where the cursor is none of ours.
    """
    compared = _compared(wanted)
    leading = _leading(compared)
    window = _window({name: compared.pop(name) for name in leading}, wanted, cursor, newest_first=newest_first)
    inside = window.subquery()
    conditions = [*(inside.c[name] == value for name, value in compared.items()), *_text(inside, wanted.q)]
    page = select(inside).where(*conditions).order_by(*_order(inside, newest_first=newest_first)).limit(limit + 1)
    rows = (await connection.execute(page)).mappings().all()
    if len(rows) > limit:
        return list(rows[:limit]), _cursor(rows[limit - 1])
    edge = (await connection.execute(_edge(window))).mappings().one_or_none() if conditions else None
    return list(rows), _cursor(edge) if edge is not None else None


def matching(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    """The conditions that all of these rows, and no others, fulfil."""
    compared = ((table.c[name], value) for name, value in _compared(wanted).items())
    return [*(column == value for column, value in compared), *_span(wanted), *_text(table, wanted.q)]


def _compared(wanted: AuditFilter) -> dict[str, Any]:
    return {name: value for name in _COMPARED if (value := getattr(wanted, name)) is not None}


def _leading(compared: dict[str, Any]) -> list[str]:
    found = [name for name in _INDEXED if name in compared and compared[name] != _COMMON]
    return found[:1]


def _window(leading: dict[str, Any], wanted: AuditFilter, cursor: str | None, *, newest_first: bool) -> Select[Any]:
    """The rows to look through, in order; its limit stands in the text, since a parameter would mislead the planner."""
    conditions = [table.c[name] == value for name, value in leading.items()]
    order = _order(table, newest_first=newest_first)
    window = select(table).where(*conditions, *_span(wanted), *_after(cursor, newest_first=newest_first))
    return window.order_by(*order).limit(literal_column(str(SEARCHED)))


def _edge(window: Select[Any]) -> Select[Any]:
    """The key of the window's last row, where it is full: the index alone knows."""
    keys = window.with_only_columns(*(table.c[name] for name in _KEY))
    return keys.offset(literal_column(str(SEARCHED - 1))).limit(literal_column("1"))


def _order(rows: FromClause, *, newest_first: bool) -> list[ColumnElement[Any]]:
    return [rows.c[name].desc() if newest_first else rows.c[name].asc() for name in _KEY]


def _span(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield table.c.recorded_at >= wanted.since
    if wanted.until is not None:
        yield table.c.recorded_at < wanted.until
    if wanted.after is not None:
        yield table.c.sequence > wanted.after


def _after(cursor: str | None, *, newest_first: bool) -> Iterator[ColumnElement[bool]]:
    if cursor is not None:
        key = tuple_(*(table.c[name] for name in _KEY))
        place = tuple_(*map(literal, decode_cursor(cursor, numbers=1)))
        yield key < place if newest_first else key > place


def _text(rows: FromClause, q: str | None) -> Iterator[ColumnElement[bool]]:
    if q is not None:
        said = func.concat_ws(" ", func.convert_from(rows.c.event, "UTF8"), rows.c.error)
        yield said.icontains(q, autoescape=True)


def _cursor(row: RowMapping) -> str:
    return encode_cursor(*(row[name] for name in _KEY))
