"""Sending past events again: which, where to, the plan that is shown first, and how it goes."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from schemas.moments import Moment
from schemas.rates import RATE_SCHEMA, rate_of_at_most
from schemas.requests import Closed
from schemas.text import Reason
from schemas.types import EventType

MOST = 1_000_000
FASTEST = 500.0
ReplayState = Literal["sending", "stopped", "completed"]
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_=-]*(\.[A-Za-z0-9][A-Za-z0-9_=-]*)*")
_HOW = "must be one NATS subject without wildcards, like billing.replay"


def _subject(text: object) -> object:
    if isinstance(text, str) and len(text) <= 200 and _SUBJECT.fullmatch(text):
        return text
    raise ValueError(_HOW)


Subject = Annotated[
    str, BeforeValidator(_subject), WithJsonSchema({"type": "string", "pattern": f"^{_SUBJECT.pattern}$"})
]
ReplayRate = Annotated[str, rate_of_at_most(FASTEST), RATE_SCHEMA]


class Past(Closed):
    """Which rows of the audit log: all that is named must fit. `since` is included, `until` is not (None: now)."""

    since: Moment | None = None
    until: Moment | None = None
    types: tuple[EventType, ...] = Field(default=(), max_length=len(EventType))
    instance_id: UUID | None = None
    outcome: Literal["applied", "stale", "rejected", "any"] = Field(
        default="applied", description="what had become of them; only what was applied has changed anything"
    )


class ReplayMany(Closed):
    """POST /api/replays: which events, to which subject, how fast, at most how many, and how many the plan counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "where": {"types": ["deploy.ready"], "until": "2026-01-31T12:00:00Z"},
                    "to": "billing.replay",
                    "expected": 12,
                    "reason": "billing is new",
                }
            ]
        }
    )

    where: Past = Past()
    to: Subject
    rate: ReplayRate = "50/s"
    max: int = Field(default=1_000, ge=1, le=MOST, description="the oldest")
    expected: int | None = Field(default=None, ge=1, description="`count` of the plan; needed without dry_run")
    reason: Reason = Field(default="", description="needed without dry_run")


class PastEvent(BaseModel):
    """One of those that would be sent."""

    instance_id: UUID
    sequence: int
    recorded_at: datetime
    type: str
    actor: str
    outcome: str


class ReplayPlan(BaseModel):
    """What would be sent: nothing has been. `fitting`: how many fit; `count`: how many of them `max` lets through."""

    dry_run: Literal[True] = True
    where: Past = Field(description="with the `until` that the count is of")
    stream: str = Field(description="the stream that stores the subject")
    fitting: int
    count: int
    sample: list[PastEvent]
    seconds: float
    lines: list[str]


class WhyThisReplay(Closed):
    """POST /api/replays/{id}/resume: why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the stream has room again"}]})

    reason: Annotated[Reason, StringConstraints(min_length=1)]


class ReplayAct(BaseModel):
    """What was done about a replay, by whom, and how many events had been sent by then."""

    at: datetime
    act: Literal["stopped", "resumed", "completed"]
    actor: str
    reason: str
    sent: int


class ReplayView(BaseModel):
    """How a replay goes: `sent` of `count` are in the stream. One that has stopped can be resumed."""

    id: UUID
    state: ReplayState
    where: dict[str, Any]
    to: str
    stream: str
    rate: str
    actor: str
    reason: str
    created_at: datetime
    count: int
    sent: int
    why: str | None
    acts: list[ReplayAct]


class Replays(BaseModel):
    """The latest replays, newest first."""

    items: list[ReplayView]
