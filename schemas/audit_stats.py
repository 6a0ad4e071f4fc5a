"""What the audit log adds up to: failures by cause and week, time in each state, retries until an instance ran."""

from datetime import date, datetime

from pydantic import BaseModel, Field


class FailuresOfWeek(BaseModel):
    """How often something failed for one cause in the week (UTC) that begins with this Monday."""

    week: date
    error_code: str
    failures: int


class TimeInState(BaseModel):
    """How long stays in a state lasted, in seconds; `stays` are those of the sample that ended in it."""

    state: str
    stays: int
    p50: float
    p95: float
    p99: float


class TimeToRunning(BaseModel):
    """How long it took from the wish that began an attempt until it first ran, in seconds; of the attempts that did.

    None at all: `attempts` is 0 and the times are null. They are of the same sample as the times in states.
    """

    attempts: int
    p50: float | None
    p95: float | None
    p99: float | None


class Sample(BaseModel):
    """What the times in states are of: the latest changes of state. None at all: both moments are null."""

    changes: int
    first: datetime | None
    last: datetime | None
    complete: bool = Field(description="whether these are all of the period; else they are the latest")


class RetriesUntilRunning(BaseModel):
    """How many instances first ran after so many retries."""

    retries: int
    instances: int


class AuditStats(BaseModel):
    """From `since` on. Failures and retries are counted, times are of a sample.

    failures       every attempt that failed, was cancelled, and every instance that was lost
    retries        of the instances that were asked for since then; those that were adopted are left out
    not_yet        of these, those that have not run so far and are not deleted
    never          of these, those that were deleted before they ran
    """

    since: datetime
    until: datetime
    customer_id: str | None
    failures: list[FailuresOfWeek]
    times: list[TimeInState]
    time_to_running: TimeToRunning
    sample: Sample
    retries: list[RetriesUntilRunning]
    not_yet: int
    never: int
