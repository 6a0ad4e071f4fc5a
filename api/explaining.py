"""Explains one row of the audit log: folds its instance's rows, and looks for what followed in outbox and streams."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
from pydantic_core import to_jsonable_python

from api.following_up import Evidence, consequence_view, gap, news_view
from api.services import Backend
from bus.connection import jetstream
from bus.tracing import News, trace
from persistence import explaining
from persistence.explaining import Whole
from schemas.errors import Conflict
from schemas.explained import ExplainedRow, FieldChange, RowRef
from schemas.types import Kind
from schemas.views import AuditRow
from statemachine.consequences import Explained, explain
from statemachine.decision import Outcome
from statemachine.fold import Folded, changes, fold
from statemachine.instance import Instance


async def explained(backend: Backend, whole: Whole) -> ExplainedRow:
    """Raises DependencyDown without PostgreSQL, Conflict where the row was changed by hand.

    Without NATS, what is on the streams is unknown.

    Outbox, streams and log are read in the order in which messages move through them: what moves on meanwhile is met
    further on, and taken for no gap.
    """
    row = whole.row
    first = await _folded(backend, row)
    events = [each.event for each in first.consequences]
    waiting = await explaining.waiting(backend.engine, row.instance_id, [row.event_id, *(event.id for event in events)])
    commands = [event for event in events if event.kind is Kind.COMMAND]
    traced = await trace(jetstream(backend.nats), commands, News(row.instance_id, row.event_id, row.recorded_at))
    found = await _folded(backend, row)
    rows = await explaining.rows_of(backend.engine, _mentioned(found))
    evidence = Evidence({each.event_id: each for each in waiting}, traced, references(rows), datetime.now(UTC))
    cause = _cause(found)
    views = [consequence_view(each, evidence) for each in found.consequences]
    if found.folded.decision.outcome is Outcome.APPLIED:
        views.append(news_view(row, evidence))
    return ExplainedRow(
        row=row,
        event=orjson.loads(whole.event),
        policy=orjson.loads(whole.policy),
        hash=whole.hash.hex(),
        changes=field_changes(found.folded.before, found.folded.after),
        cause=evidence.rows.get(cause) if cause is not None else None,
        consequences=views,
        gaps=[*contradictions(row, found.folded), *(gap(view) for view in views if view.progress == "missing")],
    )


async def _folded(backend: Backend, row: AuditRow) -> Explained:
    found = explain(fold(await explaining.recorded(backend.engine, row.instance_id)), row.event_id)
    if found is None:
        raise Conflict(f"Row {row.sequence} holds another event than the one it names: it was changed by hand")
    return found


def _cause(found: Explained) -> UUID | None:
    """The event that caused it; of a fact, which answers a command, what began the step of that."""
    event = found.folded.event
    return event.causation_id or (found.began_by if event.kind is Kind.FACT else None)


def _mentioned(found: Explained) -> set[UUID]:
    ids = {_cause(found)}
    for each in found.consequences:
        ids |= {each.decided_by, each.answered_by, each.ended_by}
    return {event_id for event_id in ids if event_id is not None}


def references(rows: dict[UUID, AuditRow]) -> dict[UUID, RowRef]:
    """The same rows, only named."""
    return {
        event_id: RowRef.model_validate(row.model_dump(include=set(RowRef.model_fields)))
        for event_id, row in rows.items()
    }


def field_changes(before: Instance | None, after: Instance | None) -> list[FieldChange]:
    """What differs between the two, field by field."""
    return [
        FieldChange(field=name, before=to_jsonable_python(old), after=to_jsonable_python(new))
        for name, (old, new) in changes(before, after).items()
    ]


def contradictions(row: AuditRow, folded: Folded) -> list[str]:
    """What the row says, against what is decided again from it and the rows before."""
    after, outcome = folded.after, folded.decision.outcome.value
    again = (outcome, after.state.value if after is not None else row.state_after)
    if again == (row.outcome, row.state_after):
        return []
    said = f"{row.outcome} and {row.state_after}, and decided again from the rows before it {again[0]} and {again[1]}"
    return [f"row {row.sequence} says {said}: `reprise replay verify` finds the first row that differs"]
