"""An instance's life as people look at it: attempts, the steps of each, and what each step waited for."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from schemas.codes import ErrorCode


class Wait(BaseModel):
    """What a step waited for from `since` on, in the cluster's words."""

    since: datetime
    cause: str
    cause_code: ErrorCode | None


class TimelineStep(BaseModel):
    """One stay in a state. `ended_by` is the event that ended it; it and `ended_at` are None while it lasts."""

    state: str
    began_at: datetime
    began_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    waits: list[Wait] = Field(default_factory=list)


class TimelineAttempt(BaseModel):
    """One attempt with its steps. `ended_at` is when it first ran, was clean after it failed, or was given up."""

    attempt: int
    job_id: UUID
    actor: str
    began_at: datetime
    ended_at: datetime | None = None
    ended_in: str | None = None
    error_code: ErrorCode | None = None
    error: str | None = None
    steps: list[TimelineStep] = Field(default_factory=list)


class Timeline(BaseModel):
    """All attempts of an instance, oldest first, as it was `at`. `earlier`: there are rows before these."""

    instance_id: UUID
    at: datetime
    earlier: bool
    attempts: list[TimelineAttempt]
