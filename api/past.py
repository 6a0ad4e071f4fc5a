"""Looks back: an instance as it was at a row of its audit log, folded from the rows up to it."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncEngine

from api.auth import Caller
from api.explaining import contradictions, field_changes, references
from persistence import explaining, history
from persistence.history import Extent
from schemas.counting import count_of
from schemas.errors import BadInput, BrokenMessage, Conflict, NotFound
from schemas.explained import RowRef
from schemas.history import PastChanges, PastInstance, PendingView
from schemas.views import AuditRow
from statemachine.consequences import Consequence
from statemachine.fold import Folded, fold
from statemachine.history import Past, past
from statemachine.instance import Instance

VERIFY = "`reprise replay verify` finds the first row that differs"


async def extent(engine: AsyncEngine, caller: Caller, instance_id: UUID, at: datetime | None = None) -> Extent:
    """Of what the caller sees; from the audit log alone, so also where the live row is gone.

    Raises NotFound, DependencyDown.
    """
    found = await history.extent(engine, instance_id, at)
    if found is None:
        raise NotFound("Instance not found")
    caller.must_see(found.customer_id)
    return found


def chosen(found: Extent, sequence: int | None, at: datetime | None) -> int:
    """The sequence of the row that is meant. Raises BadInput naming what there is."""
    if sequence is not None:
        return checked("seq", sequence, found)
    if found.then is None:
        raise BadInput("at", f"is before the instance began; its first row is of {found.began.isoformat()}")
    return found.then


def checked(name: str, sequence: int, found: Extent) -> int:
    """`sequence`, where there is such a row. Raises BadInput."""
    if sequence > found.last:
        raise BadInput(name, f"there is no row {sequence}; the instance has rows 1 to {found.last}")
    return sequence


async def seen(engine: AsyncEngine, instance_id: UUID, sequence: int, last: int) -> PastInstance:
    """The instance as it was at that row. Raises Conflict where its rows cannot be folded, DependencyDown."""
    row = await _row(engine, instance_id, sequence)
    found = await _past(engine, instance_id, sequence)
    instance = _instance(found.folded, sequence)
    mentioned = await explaining.rows_of(engine, _mentioned(found, instance))
    rows = references(mentioned)
    cause = found.folded.event.causation_id or found.began_by
    return PastInstance(
        row=row,
        last_sequence=last,
        status=instance.status,
        provisioning_status=instance.provisioning_status,
        instance=to_jsonable_python(asdict(instance)),
        cause=rows.get(cause) if cause is not None else None,
        wish=rows.get(instance.job_id),
        pending=[_pending(each, rows) for each in found.pending],
        observed=[mentioned[event_id] for event_id in found.observed if event_id in mentioned],
        gaps=contradictions(row, found.folded),
    )


async def differing(engine: AsyncEngine, instance_id: UUID, before: int, after: int) -> PastChanges:
    """What the rows after `before` (0: none) up to `after` changed. Raises as `seen` does."""
    rows = await _folded(engine, instance_id, after)
    earlier = _instance(rows[before - 1], before) if before else None
    return PastChanges(
        before=await _row(engine, instance_id, before) if before else None,
        after=await _row(engine, instance_id, after),
        changes=field_changes(earlier, _instance(rows[-1], after)),
    )


async def _past(engine: AsyncEngine, instance_id: UUID, sequence: int) -> Past:
    found = past(await _folded(engine, instance_id, sequence))
    assert found is not None  # noqa: S101  # `_folded` has all rows up to it
    return found


async def _folded(engine: AsyncEngine, instance_id: UUID, sequence: int) -> list[Folded]:
    """The rows up to it, decided again: exactly as many as its sequence says."""
    try:
        rows = list(fold(await explaining.recorded(engine, instance_id, sequence)))
    except (BrokenMessage, ValueError, KeyError) as error:
        raise Conflict(f"A row up to row {sequence} was changed by hand: {error}; {VERIFY}") from error
    if len(rows) != sequence:
        missing = count_of(sequence - len(rows), "is", "are")
        raise Conflict(f"Of the rows up to row {sequence}, {missing} missing; {VERIFY}")
    return rows


async def _row(engine: AsyncEngine, instance_id: UUID, sequence: int) -> AuditRow:
    found = await history.row(engine, instance_id, sequence)
    if found is None:
        raise Conflict(f"Row {sequence} is missing; {VERIFY}")
    return found


def _instance(folded: Folded, sequence: int) -> Instance:
    if folded.after is None:
        raise Conflict(f"The rows up to row {sequence} begin no instance: they were changed by hand; {VERIFY}")
    return folded.after


def _mentioned(found: Past, instance: Instance) -> set[UUID]:
    causes = {found.folded.event.causation_id, found.began_by, instance.job_id}
    ids = {*causes, *(each.event.causation_id for each in found.pending), *found.observed}
    return {event_id for event_id in ids if event_id is not None}


def _pending(each: Consequence, rows: dict[UUID, RowRef]) -> PendingView:
    event = each.event
    kind = "timer" if each.due is not None else event.kind.value
    return PendingView.model_validate(
        {
            "event_id": event.id,
            "type": event.type.value,
            "kind": kind,
            "due_at": each.due,
            "set_by": rows.get(event.causation_id) if event.causation_id is not None else None,
        }
    )
