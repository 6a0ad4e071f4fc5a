"""Retrying many instances at once: what is asked for, the plan that is shown first, and how it goes."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.codes import ErrorCode
from schemas.quantities import Bytes, Cpu, Seconds
from schemas.rates import RATE_SCHEMA, rate_of_at_most
from schemas.requests import Closed, DatabaseType
from schemas.text import DnsLabel, LabelValue, Reason

MOST = 10_000
MOST_CHOSEN = 500
"""By hand; more are named by what they have in common."""
FASTEST = 50.0

BulkState = Literal["canary", "following", "completed", "stopped", "aborted"]
ItemOutcome = Literal["verified", "failed", "skipped"]


Rate = Annotated[str, rate_of_at_most(FASTEST), RATE_SCHEMA]


class Where(Closed):
    """Which failed instances, exactly: all that is named must fit. What a person holds is never among them."""

    ids: tuple[UUID, ...] | None = Field(
        default=None, min_length=1, max_length=MOST_CHOSEN, description="chosen by hand; those of them that have failed"
    )
    error_code: ErrorCode | None = None
    customer_id: LabelValue | None = None
    profile: DnsLabel | None = None
    db_type: DatabaseType | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"must name at least one of {', '.join(type(self).model_fields)}")
        return self


class ManyChange(Closed):
    """What a retry of many may change of each request; None leaves it as it was. Image and profile may not fit all."""

    cpu: Cpu | None = None
    memory: Bytes | None = None
    patience: Seconds | None = None


class RetryMany(Closed):
    """POST /api/retries: which, how fast, when to stop, and how many the caller saw in the plan."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "where": {"error_code": "insufficient_resources"},
                    "rate": "5/s",
                    "expected": 12,
                    "reason": "three nodes were added",
                }
            ]
        }
    )

    where: Where
    change: ManyChange = Field(default_factory=ManyChange, description="of the request of each")
    limit: int = Field(default=MOST, ge=1, le=MOST, description="those that failed first")
    rate: Rate = "5/s"
    stop_share: float = Field(
        default=0.3, gt=0, le=1, description="stops when the same error came back for more than this share"
    )
    expected: int | None = Field(default=None, ge=1, description="the count of the plan; needed without dry_run")
    reason: Reason = Field(default="", description="needed without dry_run")


class FailedInstance(BaseModel):
    """One of those that would be retried."""

    id: UUID
    customer_id: str
    name: str
    error_code: ErrorCode | None
    error_message: str | None


class BulkPlan(BaseModel):
    """What a bulk retry would do: nothing has been done. `seconds` is the least that it would take to begin all."""

    dry_run: Literal[True] = True
    count: int
    sample: list[FailedInstance]
    seconds: float
    lines: list[str]


class ItemView(BaseModel):
    """One instance that was not retried with success, and why."""

    instance_id: UUID
    outcome: ItemOutcome
    error_code: ErrorCode | None
    error: str | None


class BulkRetryView(BaseModel):
    """How a bulk retry goes.

    `verified`: passed the step that had failed, as the audit log has it; `failed`: failed again; `skipped`: had changed
    since, and was left alone; `under_way`: retried, not known yet; `waiting`: not retried (yet). `same_error`: of those
    failed, how many for the same error as before.
    """

    id: UUID
    state: BulkState
    paused: bool
    where: dict[str, Any]
    change: dict[str, Any]
    rate: str
    stop_share: float
    actor: str
    reason: str
    created_at: datetime
    ended_at: datetime | None
    why: str | None
    total: int
    waiting: int
    under_way: int
    verified: int
    failed: int
    skipped: int
    same_error: int
    setbacks: list[ItemView] = Field(description="the first of those that failed or were skipped")


class BulkRetries(BaseModel):
    """The latest bulk retries, newest first."""

    items: list[BulkRetryView]
