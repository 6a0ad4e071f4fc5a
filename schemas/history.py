"""An instance as it was at a row of its audit log, and how two such moments differ."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from schemas.explained import FieldChange, RowRef
from schemas.views import AuditRow


class PendingView(BaseModel):
    """An event that had been sent, or set as a timer, and of which nothing had come yet. `set_by`: the row that did."""

    event_id: UUID
    type: str
    kind: Literal["command", "timer", "fact"]
    due_at: datetime | None
    set_by: RowRef | None


class PastInstance(BaseModel):
    """An instance once `row` had been decided: folded from the rows up to it, each under the policy it records.

    wish      the row of the wish whose job the instance was following
    observed  what cluster and database had last said in this attempt: of each type of fact the latest, the oldest first
    """

    row: AuditRow
    last_sequence: int = Field(description="the sequence of the instance's last row now")
    status: str
    provisioning_status: str
    instance: dict[str, Any] = Field(description="every value of the instance, by name")
    cause: RowRef | None
    wish: RowRef | None
    pending: list[PendingView]
    observed: list[AuditRow]
    gaps: list[str]


class PastChanges(BaseModel):
    """What the rows after `before` up to `after` changed. `before` None: the instance did not exist yet."""

    before: AuditRow | None
    after: AuditRow
    changes: list[FieldChange]
