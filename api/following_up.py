"""How far an event has come that followed from a row of the audit log, from all that is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from bus.tracing import Place, Trace
from persistence.explaining import Waiting
from schemas.counting import count_of
from schemas.explained import ConsequenceView, Progress, RowRef
from schemas.types import Kind
from schemas.views import AuditRow
from statemachine.consequences import Consequence

SURELY_KEPT = timedelta(days=1)
"""News younger than this stands on CHANGES, unless it is lost; older ones may have had to make room."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is in the outbox, on the streams and in the log, by event id."""

    waiting: Mapping[UUID, Waiting]
    traced: Trace
    rows: Mapping[UUID, RowRef]
    now: datetime


def consequence_view(expected: Consequence, evidence: Evidence) -> ConsequenceView:
    """A command, a timer, or what was decided next."""
    event = expected.event
    place = evidence.traced.places.get(event.id)
    progress, row, note = _progress(expected, place, evidence)
    return ConsequenceView(
        event_id=event.id,
        type=event.type.value,
        kind=_kind(event.kind),
        progress=progress,
        due_at=expected.due,
        row=evidence.rows.get(row) if row is not None else None,
        stream=place.stream if place else None,
        stream_sequence=place.sequence if place else None,
        consumer=place.consumer if place else None,
        note=note,
    )


def news_view(row: AuditRow, evidence: Evidence) -> ConsequenceView:
    """The state.changed that whoever looks on is told."""
    place = evidence.traced.places.get(row.event_id)
    progress, note = _news(row, place, evidence)
    return ConsequenceView(
        event_id=row.event_id,
        type="state.changed",
        kind="news",
        progress=progress,
        stream=place.stream if place else None,
        stream_sequence=place.sequence if place else None,
        note=note,
    )


def gap(view: ConsequenceView) -> str:
    """What is missing, in a sentence."""
    return f"{view.type} ({view.event_id}) is neither in the outbox nor on a stream, and nothing has come of it"


def _kind(kind: Kind) -> Literal["command", "timer", "fact"]:
    return "command" if kind is Kind.COMMAND else "timer" if kind is Kind.TIMER else "fact"


def _progress(expected: Consequence, place: Place | None, evidence: Evidence) -> tuple[Progress, UUID | None, str]:
    if expected.decided_by is not None:
        return "decided", expected.decided_by, ""
    if expected.answered_by is not None:
        return "answered", expected.answered_by, ""
    waiting = evidence.waiting.get(expected.event.id)
    if waiting is not None:
        return _in_outbox(expected, waiting, evidence.now)
    if place is not None:
        return "on_stream", None, "being worked on" if place.delivered else "not taken yet"
    if expected.ended_by is not None:
        return "ended", expected.ended_by, ""
    if evidence.traced.down and expected.event.kind is Kind.COMMAND:
        return "unknown", None, evidence.traced.down
    if evidence.traced.busy:
        return "unknown", None, f"on the way: {count_of(evidence.traced.busy, 'message')} of the instance"
    return "missing", None, ""


def _in_outbox(expected: Consequence, waiting: Waiting, now: datetime) -> tuple[Progress, UUID | None, str]:
    if expected.due is not None and expected.due > now:
        return "scheduled", None, ""
    sent = count_of(waiting.sent, "time")
    note = f"sent {sent}, and not decided yet" if waiting.sent else "the relay has not sent it yet"
    return "waiting", None, note


def _news(row: AuditRow, place: Place | None, evidence: Evidence) -> tuple[Progress, str]:
    if row.event_id in evidence.waiting:
        return "waiting", "the relay has not sent it yet"
    if place is not None:
        return "told", ""
    if evidence.traced.down:
        return "unknown", evidence.traced.down
    if evidence.now - row.recorded_at > SURELY_KEPT:
        return "unknown", "older news have made room for newer ones"
    return "missing", ""
