"""The values of one instance, as the state machine sees and changes them."""

from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Self
from uuid import UUID

from schemas.codes import ErrorCode
from schemas.payloads import AdoptedObjects, DatabaseRef
from schemas.requests import InstanceRequest
from schemas.types import EventType
from statemachine.states import MEANINGS, State


@dataclass(slots=True)
class Instance:
    """One instance. `attempt` is what people see; `step` rises at every entry into a state and fences late events.

    cause, cause_code   why it waits now, in the cluster's words
    error_*             why the last attempt failed
    failed_state        where the last attempt failed; `verifying` while a retry has not passed it yet
    failed_by           the event that failed it
    waiting_job_id      the retry that waits for a clean-up
    init_began          a node took this attempt's pod: the database may be half initialised
    avertable           clean-up may still keep what turned ready
    applied_at          when the cluster accepted this step's objects
    deadline_at         when this step times out, or in `error` is retried automatically (None: it is not)
    adopted             what this attempt's objects are called, where it was made before Reprise
    auto_retries        how often the retry policy has tried again since a person asked
    """

    id: UUID
    customer_id: str
    name: str
    request: InstanceRequest
    job_id: UUID
    created_at: datetime
    state: State = State.NONE
    state_since: datetime | None = None
    queued_at: datetime | None = None
    attempt: int = 0
    step: int = 0
    has_run: bool = False
    held_at: datetime | None = None
    waiting_job_id: UUID | None = None
    cause: str | None = None
    cause_code: ErrorCode | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None
    failed_state: State | None = None
    failed_by: EventType | None = None
    verifying: bool = False
    init_began: bool = False
    avertable: bool = True
    applied_at: datetime | None = None
    deadline_at: datetime | None = None
    overdue: int = 0
    auto_retries: int = 0
    database: DatabaseRef | None = None
    adopted: AdoptedObjects | None = None

    @property
    def held(self) -> bool:
        """A person holds it: no healing, no admission, no purge, and deadlines wait."""
        return self.held_at is not None

    @property
    def left_alone(self) -> bool:
        """Held, and nothing that was commanded is still to be done: whatever a person changes in it stays changed."""
        under_way = MEANINGS[self.state].repeats and self.state is not State.DEGRADED and self.applied_at is None
        return self.held and not under_way

    @property
    def status(self) -> str:
        """The word people see; PostgreSQL derives the same."""
        return MEANINGS[self.state].status

    @property
    def provisioning_status(self) -> str:
        """The second word people see; PostgreSQL derives the same."""
        return MEANINGS[self.state].provisioning_status

    @property
    def can_retry(self) -> bool:
        """Whether a retry would be accepted now."""
        return self.state in (State.ERROR, State.CLEANING_UP)

    def copy(self) -> Self:
        """Another one with the same values, for `decide` to change."""
        return type(self)(*_values(self))


_values = attrgetter(*(field.name for field in fields(Instance)))
