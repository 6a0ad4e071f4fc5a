"""What the HTTP API answers: one model a resource, read alike by the command line and the pages."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from schemas.codes import ErrorCode
from schemas.requests import Closed, DatabaseType, InstanceRequest, RequestChange
from schemas.text import DnsLabel, LabelValue, Reason


class CreateInstance(InstanceRequest):
    """POST /api/instances: the request, whose it is and what it is called. A customer may leave out `customer_id`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "shop", "customer_id": "acme", "cpu": "500m", "memory": "1Gi", "patience": "24h"}]
        }
    )

    customer_id: LabelValue | None = None
    name: DnsLabel
    reason: Reason = ""


class RetryInstance(RequestChange):
    """POST …/retry: what to change in the request, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cpu": "250m", "reason": "it did not fit"}, {}]})

    reason: Reason = ""


class Wish(Closed):
    """The body of every other wish: why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "asked for by the customer"}]})

    reason: Reason = ""


class RevealAdminPassword(Closed):
    """POST …/reveal-admin-password: why it has to be known; this stands in the audit log."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "ticket 4711: the customer is locked out"}]})

    reason: Annotated[Reason, Field(min_length=1)]


class AdminPassword(BaseModel):
    """The password that Odoo's first user was given; whoever uses Odoo may have changed it since."""

    instance_id: UUID
    login: str = "admin"
    password: str


class PublishEvent(Closed):
    """POST /api/instances/{id}/events: a wish published by hand; `data` is the payload of its type."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"type": "retry.requested", "data": {"change": {"cpu": "250m"}}, "reason": "it did not fit"}]
        }
    )

    type: str = Field(max_length=64)
    data: dict[str, Any] = Field(default_factory=dict)
    reason: Reason = ""


class DatabaseView(BaseModel):
    """Which database an instance has; never its password."""

    db_server_id: str
    host: str
    port: int
    database: str
    username: str


class Waiting(BaseModel):
    """Why an instance waits: the awaited event, the cause, the deadline and what happens next, and all in one line."""

    awaited: str
    cause: str | None
    deadline_at: datetime | None
    next: str
    line: str


class InstanceView(BaseModel):
    """One instance."""

    id: UUID
    customer_id: str
    name: str
    state: str
    status: str
    provisioning_status: str
    can_retry: bool
    has_run: bool
    held: bool
    attempt: int
    auto_retries: int
    job_id: UUID
    request: InstanceRequest
    db_type: DatabaseType
    database: DatabaseView | None
    error_code: ErrorCode | None
    error_message: str | None
    cause: str | None
    cause_code: ErrorCode | None
    remedy: str | None = Field(description="what to do about it, where it failed, or waits for what will make it fail")
    waiting: Waiting | None
    deadline_at: datetime | None
    created_at: datetime
    state_since: datetime


class InstancePage(BaseModel):
    """Some instances, newest first; `next_cursor` asks for those after them, None: these were the last."""

    items: list[InstanceView]
    next_cursor: str | None


class ResourceView(BaseModel):
    """One object in the cluster, or the database that a clean-up told of.

    there    None: it is not in the cluster (a database)
    ready    None: such an object is never ready, is not meant to be, or is rightly gone
    says     how it is, in words
    cleanup  what the last clean-up did with it, and `why`; None: it told nothing of it
    """

    kind: str
    name: str
    attempt: int | None
    there: bool | None
    ready: bool | None
    says: str
    cleanup: Literal["deleted", "absent", "kept", "emptied"] | None
    why: str | None


class ResourceList(BaseModel):
    """What there is of an instance, as it was `looked_at`, and what its last clean-up told; never what Secrets hold."""

    items: list[ResourceView]
    looked_at: datetime
    cleaned_up_at: datetime | None


class WishAccepted(BaseModel):
    """A wish was taken: the job to follow, and the instance as it reads now."""

    message: str
    instance_id: UUID
    job_id: UUID
    status: str
    provisioning_status: str


class RetryQueued(BaseModel):
    """The answer of the admin's retry route."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message": "Instance provisioning retry queued",
                    "instance_id": "123e4567-e89b-12d3-a456-426614174000",
                    "job_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
                }
            ]
        }
    )

    message: str = "Instance provisioning retry queued"
    instance_id: UUID
    job_id: UUID


class JobView(BaseModel):
    """How the attempt that a wish began goes, and how it ended."""

    job_id: UUID
    instance_id: UUID
    type: str
    attempt: int | None
    status: Literal["queued", "running", "succeeded", "failed", "cancelled", "averted", "superseded"]
    state: str
    started_at: datetime
    ended_at: datetime | None
    error_code: ErrorCode | None
    error_message: str | None


class AuditRow(BaseModel):
    """One row of the audit log."""

    event_id: UUID
    instance_id: UUID
    customer_id: str
    sequence: int
    recorded_at: datetime
    type: str
    actor: str
    reason: str
    attempt: int | None
    step: int | None
    state_before: str
    state_after: str
    outcome: Literal["applied", "stale", "rejected"]
    error_code: ErrorCode | None
    error: str | None
    correlation_id: UUID
    causation_id: UUID | None
    data: dict[str, Any]


class AuditPage(BaseModel):
    """Some rows of the audit log; `next_cursor` asks for the following ones."""

    items: list[AuditRow]
    next_cursor: str | None


class StateChanged(BaseModel):
    """What has been applied to an instance, told on the stream CHANGES and as server-sent event."""

    instance_id: UUID
    customer_id: str
    sequence: int
    type: str
    actor: str
    outcome: Literal["applied"]
    state_before: str
    state_after: str
    status: str
    provisioning_status: str
    attempt: int
    step: int
    cause: str | None
    error_code: ErrorCode | None
    error_message: str | None
    job_id: UUID
    at: datetime


class Me(BaseModel):
    """Who is asking."""

    subject: str
    role: Literal["admin", "customer"]
    customer_id: str | None


class Overview(BaseModel):
    """How many instances are in each status."""

    instances: dict[str, int]


class BrakeView(BaseModel):
    """Whether the brake is on: then no instance is given up or healed until a person releases it."""

    engaged: bool
    since: datetime | None = None
    why: str | None = None


class ReleaseBrake(Closed):
    """POST /api/brake/release: why it is safe to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the API server is back"}]})

    reason: Annotated[Reason, StringConstraints(min_length=1)]


class OrphanView(BaseModel):
    """An object in the cluster that no instance wants. `holds_data`: its removal would be the end of data."""

    kind: str
    name: str
    instance: str
    why: str
    holds_data: bool


class OrphanList(BaseModel):
    """All orphans, or those that were removed."""

    items: list[OrphanView]


class RemoveOrphans(Closed):
    """POST /api/cluster/orphans/remove: how many the caller saw, whether those that hold data go too, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"expected": 3, "reason": "left by an installation that is gone"}]}
    )

    expected: int = Field(ge=0)
    with_data: StrictBool = False
    reason: Annotated[Reason, StringConstraints(min_length=1)]


class NodeRoom(BaseModel):
    """What one node has and what pods have taken, in cores, bytes and pods; `short`: why it does not take this one."""

    name: str
    cpu: float
    cpu_used: float
    memory: int
    memory_used: int
    pods: int
    pods_used: int
    ready: bool
    short: str | None


class Capacity(BaseModel):
    """Whether a request seems to fit now. A hint: the scheduler decides."""

    fits: bool | None
    short: str | None
    nodes: list[NodeRoom]
    hint: str = "a hint; the cluster's scheduler decides"


class DatabaseServerView(BaseModel):
    """A server for shared databases; `capacity`, `used` and `free` count databases."""

    id: str
    host: str
    port: int
    username: str
    capacity: int
    used: int
    free: int
    drained: bool
    reachable: bool
    why_not: str | None


class DatabaseServers(BaseModel):
    """All servers for shared databases, by id."""

    items: list[DatabaseServerView]


class ServerChanged(BaseModel):
    """What has become of a server for shared databases, in one sentence."""

    id: str
    message: str


class Foreseen(BaseModel):
    """The server that a shared database would go to now; `short`: why none would take it."""

    server: str | None
    short: str | None


class PlanLine(BaseModel):
    """One thing and what would become of it."""

    action: Literal["reuse", "create", "delete", "keep", "empty", "label", "leave", "missing"]
    kind: str
    name: str
    why: str


class Plan(BaseModel):
    """What a create or a retry would do: nothing has been done.

    `patience` is the seconds it would wait for room, `database_short` why no database could be had now.
    """

    dry_run: Literal[True] = True
    allowed: bool
    why_not: str | None
    request: InstanceRequest
    patience: float
    lines: list[PlanLine]
    capacity: Capacity
    notes: list[str] = Field(default_factory=list, description="What is worth knowing before it is done.")
    database_short: str | None


class FieldProblem(BaseModel):
    """One thing that is wrong in the input: where, by dotted path, and what to send instead."""

    field: str
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it; `detail` is the sentence, `field` the first thing that is wrong in the input."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Bad Request",
                    "status": 400,
                    "detail": "Instance is not in ERROR status (current: running)",
                    "instance": "/api/instances/123e4567-e89b-12d3-a456-426614174000/retry",
                    "request_id": "6b1f0c2e4d8a4c0f9a7e5d3b1c2f4a60",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None
    field: str | None = None
    errors: list[FieldProblem] | None = None
    request_id: str | None = None


class Health(BaseModel):
    """What works and what does not, by the name of the dependency."""

    status: Literal["ok", "degraded", "unavailable"]
    checks: dict[str, str]
