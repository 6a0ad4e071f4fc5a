"""What may stand behind the question mark of each route; anything else is refused by name."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.codes import ErrorCode
from schemas.errors import BadInput
from schemas.moments import Moment
from schemas.quantities import Bytes, Cpu
from schemas.requests import DatabaseType
from schemas.text import DnsLabel, LabelValue, Plain, Reason
from schemas.types import EventType
from statemachine.states import State

Status = Literal[
    "creating", "running", "degraded", "error", "stopping", "stopped", "starting", "trashed", "deleting", "deleted"
]
_Text = Annotated[str, StringConstraints(max_length=200), Plain]
Cursor = Annotated[str, StringConstraints(max_length=500, pattern=r"^[A-Za-z0-9_-]+$")]


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InstanceQuery(_Query):
    """Which instances to list."""

    status: Status | None = None
    state: State | None = None
    customer_id: LabelValue | None = None
    error_code: ErrorCode | None = None
    q: _Text | None = Field(default=None, description="found in name, customer, id and error")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before")


class _AuditQuery(_Query):
    instance_id: UUID | None = None
    customer_id: LabelValue | None = None
    actor: _Text | None = Field(default=None, description="like cli:alice")
    type: EventType | None = None
    state_before: State | None = None
    state_after: State | None = None
    outcome: Literal["applied", "stale", "rejected"] | None = None
    error_code: ErrorCode | None = None
    attempt: int | None = Field(default=None, ge=1, le=2**31 - 1)
    correlation_id: UUID | None = Field(default=None, description="the job")
    since: Moment | None = Field(default=None, description="included; like 2026-01-31T12:00:00Z")
    until: Moment | None = Field(default=None, description="not included")
    q: _Text | None = Field(default=None, description="found in the event, or in why it changed nothing")


class AuditQuery(_AuditQuery):
    """Which rows of the audit log to list."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before")
    order: Literal["newest", "oldest"] = Field(default="newest", description="which row comes first")


class FollowQuery(_AuditQuery):
    """Which rows of the audit log to follow."""


class StatsQuery(_Query):
    """What to add up."""

    customer_id: LabelValue | None = None
    since: Moment | None = Field(default=None, description="12 weeks ago, unless it is given")


class ExportQuery(_AuditQuery):
    """Which rows of the audit log to export: all that fit, by instance, in the order of each trail."""

    format: Literal["jsonl", "csv"] = "jsonl"
    reason: Annotated[Reason, Field(min_length=1)] = Field(description="why; it is recorded with who asked")


class TrailQuery(_Query):
    """Which part of one instance's audit log to list, oldest first."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: Cursor | None = None
    after: int | None = Field(default=None, ge=0, le=2**31 - 1, description="only rows of a greater `sequence`")


class HistoryQuery(_Query):
    """Which moment of an instance to show."""

    seq: int | None = Field(default=None, ge=1, le=2**31 - 1, description="once the row of this `sequence` was decided")
    at: Moment | None = Field(default=None, description="like 2026-01-31T12:00:00Z")


class ChangesQuery(_Query):
    """Which two moments of an instance to compare."""

    from_seq: int = Field(ge=0, le=2**31 - 1, description="0: before it began")
    to_seq: int = Field(ge=1, le=2**31 - 1)


class CapacityQuery(_Query):
    """What an instance would ask for; what is left out is the profile's."""

    cpu: Cpu | None = None
    memory: Bytes | None = None
    profile: DnsLabel = "default"
    db_type: DatabaseType = "shared"


async def known_input(request: Request) -> None:
    """Refuses parameters, or a body, that the route does not know: a misspelt `dry_run` must not do the real thing."""
    paths = request.app.openapi()["paths"]
    operation = paths.get(request.scope["route"].path, {}).get(request.method.lower(), {})
    known = {found["name"] for found in operation.get("parameters", ()) if found["in"] == "query"}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError([{"type": "extra_forbidden", "loc": ("query", name)} for name in unknown])
    if "requestBody" not in operation and await request.body():
        raise BadInput("body", "is not read here; send what this route knows in its path and query")
