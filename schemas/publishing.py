"""Events published by hand over HTTP: one, or many that are decided together, and what became of each."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.requests import Closed
from schemas.text import Reason
from schemas.views import PublishEvent

MOST_EVENTS = 1_000


class EventForInstance(PublishEvent):
    """One of many: the instance that it is about, and its own reason where it has one."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    instance_id: UUID


class PublishEvents(Closed):
    """POST /api/events: wishes in the order in which they are decided, all in one transaction or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {"instance_id": "123e4567-e89b-12d3-a456-426614174000", "type": "stop.requested"},
                        {"instance_id": "0f8fad5b-d9cb-469f-a165-70867728950e", "type": "stop.requested"},
                    ],
                    "reason": "the node is taken down",
                }
            ]
        }
    )

    events: list[EventForInstance] = Field(min_length=1, max_length=MOST_EVENTS)
    reason: Reason = Field(default="", description="of the events without one; asked for with several instances")


class EventResult(BaseModel):
    """What the state machine decided, or with dry_run would decide; `job_id` is None where nothing began."""

    instance_id: UUID
    type: str
    outcome: Literal["applied", "rejected", "duplicate"]
    why: str | None
    state_before: str
    state_after: str
    attempt: int
    job_id: UUID | None


class EventResults(BaseModel):
    """One result for each event, in the same order. With dry_run nothing has been done."""

    dry_run: bool
    items: list[EventResult]
