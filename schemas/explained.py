"""One row of the audit log with all that surrounds it: what changed, what caused it, what came of it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from schemas.views import AuditRow

Progress = Literal["decided", "answered", "told", "ended", "scheduled", "waiting", "on_stream", "unknown", "missing"]


class FieldChange(BaseModel):
    """One value of the instance that the row changed."""

    field: str
    before: Any
    after: Any


class RowRef(BaseModel):
    """Another row of the same instance."""

    event_id: UUID
    sequence: int
    type: str
    outcome: str


class ConsequenceView(BaseModel):
    """An event that followed from the row, and how far it has come.

    decided    it is a row of its own                  answered   its step's first fact is `row`
    told       it stands on the stream CHANGES         ended      `row` ended its step before
    scheduled  a timer that is not due yet             waiting    in the outbox, for the relay
    on_stream  `consumer` is not done with it          unknown    NATS does not answer, or keeps it no longer
    missing    a gap: nowhere to be found, and nothing has come of it
    """

    event_id: UUID
    type: str
    kind: Literal["command", "timer", "fact", "news"]
    progress: Progress
    due_at: datetime | None = None
    row: RowRef | None = None
    stream: str | None = None
    stream_sequence: int | None = None
    consumer: str | None = None
    note: str = ""


class ExplainedRow(BaseModel):
    """The whole of one row. `event` and `policy` are what was hashed; `gaps` says in sentences what does not fit."""

    row: AuditRow
    event: dict[str, Any]
    policy: dict[str, Any]
    hash: str
    changes: list[FieldChange]
    cause: RowRef | None
    consequences: list[ConsequenceView]
    gaps: list[str]
