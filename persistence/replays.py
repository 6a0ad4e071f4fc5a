"""Past events that are sent again, as rows: who wants which, the events that were chosen, and how far it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from persistence.engine import transaction, translated
from persistence.tables import audit_log, replay_acts, replay_items, replay_progress
from persistence.tables import replays as table
from schemas.errors import Conflict, Refused
from schemas.replaying import Past, PastEvent, ReplayAct, ReplayMany, ReplayView

LISTED = 20
_ORDER = (audit_log.c.recorded_at, audit_log.c.instance_id, audit_log.c.sequence)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for a replay, when, and which stream stores what is sent."""

    id: UUID
    actor: str
    stream: str
    at: datetime


async def matching(engine: AsyncEngine, where: Past, sample: int) -> tuple[int, list[PastEvent]]:
    """How many events fit, and the oldest of them. Raises DependencyDown."""
    chosen = _matching(where)
    columns = [audit_log.c[name] for name in PastEvent.model_fields]
    async with translated(), engine.connect() as connection:
        count = await connection.scalar(chosen.with_only_columns(func.count()))
        oldest = chosen.with_only_columns(*columns).order_by(*_ORDER).limit(sample)
        rows = (await connection.execute(oldest)).mappings().all()
    return int(count or 0), [PastEvent.model_validate(dict(row)) for row in rows]


def _matching(where: Past) -> Select[Any]:
    rows = audit_log.c
    wanted = select(rows.instance_id, rows.sequence)
    if where.since is not None:
        wanted = wanted.where(rows.recorded_at >= where.since)
    if where.until is not None:
        wanted = wanted.where(rows.recorded_at < where.until)
    if where.types:
        wanted = wanted.where(rows.type.in_([each.value for each in where.types]))
    if where.instance_id is not None:
        wanted = wanted.where(rows.instance_id == where.instance_id)
    return wanted if where.outcome == "any" else wanted.where(rows.outcome == where.outcome)


async def create(engine: AsyncEngine, asked: Asked, wanted: ReplayMany) -> None:
    """Keeps which events are to be sent, as they are now; the same id again changes nothing.

    Raises Conflict where they are not as many as the caller saw, DependencyDown.
    """
    values = {
        "id": asked.id,
        "actor": asked.actor,
        "reason": wanted.reason,
        "wanted": wanted.where.model_dump(mode="json", exclude_none=True),
        "subject": wanted.to,
        "stream": asked.stream,
        "rate": wanted.rate,
        "count": wanted.expected,
        "created_at": asked.at,
    }
    async with transaction(engine) as connection:
        new = insert(table).values(values).on_conflict_do_nothing().returning(table.c.id)
        if (await connection.execute(new)).one_or_none() is not None:
            await _choose(connection, asked.id, wanted)


async def _choose(connection: AsyncConnection, replay_id: UUID, wanted: ReplayMany) -> None:
    rows = audit_log.c
    position = func.row_number().over(order_by=_ORDER)
    chosen = _matching(wanted.where).with_only_columns(literal(replay_id), position, rows.instance_id, rows.sequence)
    names = [column.name for column in replay_items.c]
    added = await connection.execute(
        insert(replay_items).from_select(names, chosen.order_by(*_ORDER).limit(wanted.max))
    )
    if added.rowcount != wanted.expected:
        raise Conflict(f"The count is {added.rowcount} now, not {wanted.expected}; look at the plan again")
    await connection.execute(insert(replay_progress).values(replay_id=replay_id, state="sending", sent=0))


async def show(engine: AsyncEngine, replay_id: UUID) -> ReplayView | None:
    """How it goes; None where there is none. Raises DependencyDown."""
    async with translated(), engine.connect() as connection:
        row = (await connection.execute(_with_progress().where(table.c.id == replay_id))).mappings().one_or_none()
        return None if row is None else await _view(connection, row)


async def latest(engine: AsyncEngine) -> list[ReplayView]:
    """The latest, newest first. Raises DependencyDown."""
    statement = _with_progress().order_by(table.c.created_at.desc(), table.c.id).limit(LISTED)
    async with translated(), engine.connect() as connection:
        rows = (await connection.execute(statement)).mappings().all()
        return [await _view(connection, row) for row in rows]


def _with_progress() -> Select[Any]:
    progress = replay_progress.c
    both = table.join(replay_progress, progress.replay_id == table.c.id)
    return select(table, progress.state, progress.sent, progress.why).select_from(both)


async def _view(connection: AsyncConnection, row: RowMapping) -> ReplayView:
    of_it = select(replay_acts).where(replay_acts.c.replay_id == row["id"]).order_by(replay_acts.c.id)
    acts = (await connection.execute(of_it)).mappings().all()
    own = {name: row[name] for name in ReplayView.model_fields if name in row}
    given = [ReplayAct.model_validate(dict(each)) for each in acts]
    return ReplayView(**own, where=row["wanted"], to=row["subject"], acts=given)


async def stop(engine: AsyncEngine, replay_id: UUID, actor: str, now: datetime) -> None:
    """Send no more; it can be resumed. Raises Refused where it does not send, DependencyDown.

    The runner holds the row while it sends, so what it sends after this is nothing.
    """
    async with transaction(engine) as connection:
        if await _turn(connection, replay_id, "sending", state="stopped", why=f"stopped by {actor}"):
            await note(connection, replay_id, now, "stopped", actor, "")
            return
    raise Refused("The replay does not send: it has stopped already, or sent all")


async def resume(engine: AsyncEngine, replay_id: UUID, actor: str, reason: str, now: datetime) -> None:
    """Go on where it stopped; nothing changes where it sends. Raises Refused where all are sent, DependencyDown."""
    async with transaction(engine) as connection:
        if await _turn(connection, replay_id, "stopped", state="sending", why=None):
            await note(connection, replay_id, now, "resumed", actor, reason)
            return
        done = select(replay_progress.c.state).where(replay_progress.c.replay_id == replay_id)
        if (await connection.execute(done)).scalar_one() == "completed":
            raise Refused("The replay has sent all its events; begin another to send them again")


async def _turn(connection: AsyncConnection, replay_id: UUID, before: str, **values: object) -> bool:
    of_it = (replay_progress.c.replay_id == replay_id, replay_progress.c.state == before)
    return (await connection.execute(replay_progress.update().where(*of_it).values(values))).rowcount == 1


async def note(connection: AsyncConnection, replay_id: UUID, at: datetime, act: str, actor: str, reason: str) -> None:
    """What was done about it, with how many had been sent; it stays."""
    sent = select(replay_progress.c.sent).where(replay_progress.c.replay_id == replay_id).scalar_subquery()
    await connection.execute(
        insert(replay_acts).values(replay_id=replay_id, at=at, act=act, actor=actor, reason=reason, sent=sent)
    )
