"""What each type of event says beyond its envelope: one strict model a type."""

from typing import Literal

from pydantic import Field, StrictBool

from schemas.codes import ErrorCode
from schemas.requests import Closed, InstanceRequest, RequestChange
from schemas.text import DnsLabel, DnsName, LabelValue, Message
from schemas.types import COMMANDS, EventType


class Nothing(Closed):
    """An event whose type says all."""


class ProvisionRequested(Closed):
    """A new instance is wanted."""

    customer_id: LabelValue
    name: DnsLabel
    request: InstanceRequest = InstanceRequest()


class DatabaseRef(Closed):
    """Which database an instance has; never its password."""

    db_server_id: Message
    host: Message
    port: int = Field(ge=1, le=65_535)
    database: Message
    username: Message


class AdoptedObjects(Closed):
    """What the objects of an adopted instance are called: Reprise did not choose these names."""

    deployment: DnsName | None = None
    claims: tuple[DnsName, ...] = ()
    services: tuple[DnsName, ...] = ()
    secrets: tuple[DnsName, ...] = ()


class AdoptRequested(Closed):
    """An instance that exists already comes under care, as it was found."""

    customer_id: LabelValue
    name: DnsLabel
    request: InstanceRequest = InstanceRequest()
    found: Literal["running", "degraded", "stopped", "error"]
    never_initialised: StrictBool = False
    objects: AdoptedObjects = AdoptedObjects()
    database: DatabaseRef | None = None
    error_code: ErrorCode | None = None
    error_message: Message | None = None


class RetryRequested(Closed):
    """Try again, perhaps with a changed request."""

    change: RequestChange = RequestChange()


class DeleteRequested(Closed):
    """Delete; `now` skips the days in which a deleted instance can be restored."""

    now: StrictBool = False


class DatabaseAllocated(DatabaseRef):
    """The database exists and can be reached with the password that the database-service holds."""


class Failure(Closed):
    """Something failed, in the words of whoever said so."""

    error_code: ErrorCode
    error_message: Message


class DeployApplied(Closed):
    """The cluster has accepted the objects."""

    objects: tuple[Message, ...] = ()


class Progress(Closed):
    """Why the instance still waits: the cluster's own reason, and the cause it would fail for.

    `cause` None: what it waited for has passed.
    """

    error_code: ErrorCode | None = None
    cause: Message | None


class Scheduled(Closed):
    """A node has taken the pod."""

    node: Message


class Lost(Closed):
    """What ran does not run any more."""

    cause: Message


class ReceiptLine(Closed):
    """One object and what became of it."""

    kind: Message
    name: Message
    action: Literal["deleted", "absent", "kept", "emptied"]
    why: Message


class Receipt(Closed):
    """What a clean-up or a deletion did, object by object."""

    objects: tuple[ReceiptLine, ...]


class Averted(Closed):
    """Clean-up looked first and found that the instance had become ready."""

    cause: Message = "the instance was found ready"


class RetryOutcome(Closed):
    """What became of a retry at the step that had failed before."""

    failed_step: Message
    error_code: ErrorCode | None = None
    error_message: Message | None = None


class TimerDue(Closed):
    """A timer has run out; `after` seconds had been allowed, `count` tells repetitions apart."""

    after: float = Field(ge=0)
    count: int = Field(default=0, ge=0)


PAYLOADS: dict[EventType, type[Closed]] = {
    EventType.PROVISION_REQUESTED: ProvisionRequested,
    EventType.ADOPT_REQUESTED: AdoptRequested,
    EventType.RETRY_REQUESTED: RetryRequested,
    EventType.CANCEL_REQUESTED: Nothing,
    EventType.STOP_REQUESTED: Nothing,
    EventType.START_REQUESTED: Nothing,
    EventType.DELETE_REQUESTED: DeleteRequested,
    EventType.RESTORE_REQUESTED: Nothing,
    EventType.HOLD_REQUESTED: Nothing,
    EventType.RELEASE_REQUESTED: Nothing,
    EventType.PROVISION_ADMITTED: Nothing,
    EventType.DATABASE_ALLOCATED: DatabaseAllocated,
    EventType.DATABASE_FAILED: Failure,
    EventType.DEPLOY_APPLIED: DeployApplied,
    EventType.DEPLOY_PROGRESSING: Progress,
    EventType.DEPLOY_SCHEDULED: Scheduled,
    EventType.DEPLOY_READY: Nothing,
    EventType.DEPLOY_FAILED: Failure,
    EventType.DEPLOY_LOST: Lost,
    EventType.CLEANUP_AVERTED: Averted,
    EventType.CLEANUP_COMPLETED: Receipt,
    EventType.STOP_COMPLETED: Nothing,
    EventType.DELETE_COMPLETED: Receipt,
    EventType.RETRY_VERIFIED: RetryOutcome,
    EventType.RETRY_FAILED: RetryOutcome,
    EventType.ADMIN_PASSWORD_REVEALED: Nothing,
    EventType.DATABASE_TIMEOUT: TimerDue,
    EventType.DEPLOY_TIMEOUT: TimerDue,
    EventType.INIT_TIMEOUT: TimerDue,
    EventType.PURGE_DUE: TimerDue,
    EventType.RETRY_DUE: TimerDue,
    EventType.STEP_OVERDUE: TimerDue,
    **dict.fromkeys(COMMANDS, Nothing),
}
"""The model of each type's data; its JSON schema is the type's `dataschema`."""
