"""A fluent builder of scenarios: what happened to one instance so far, and what the last decision was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID, uuid5

from schemas.codes import ErrorCode
from schemas.events import Actor, Event, wish
from schemas.payloads import (
    PAYLOADS,
    AdoptRequested,
    DatabaseAllocated,
    Failure,
    Lost,
    Progress,
    ProvisionRequested,
    Receipt,
    RetryOutcome,
    Scheduled,
    TimerDue,
)
from schemas.requests import Closed, InstanceRequest
from schemas.types import TIMERS, WISHES, EventType
from statemachine.decide import decide
from statemachine.decision import Decision, Outcome
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
INSTANCE = UUID("11111111-1111-4111-8111-111111111111")
ALICE = Actor("cli", "alice")
POLICY = Policy()
RETRYING = Policy(retry_causes=(ErrorCode.INSUFFICIENT_RESOURCES,), retry_attempts=2)
NO_ROOM = "0/1 nodes are available: 1 Insufficient cpu."

SAMPLES: dict[EventType, Closed] = {
    EventType.PROVISION_REQUESTED: ProvisionRequested(customer_id="acme", name="shop"),
    EventType.ADOPT_REQUESTED: AdoptRequested(customer_id="acme", name="shop", found="running"),
    EventType.DATABASE_ALLOCATED: DatabaseAllocated(db_server_id="s", host="h", port=5432, database="d", username="u"),
    EventType.DATABASE_FAILED: Failure(error_code=ErrorCode.DATABASE_UNAVAILABLE, error_message="all servers are full"),
    EventType.DEPLOY_PROGRESSING: Progress(error_code=ErrorCode.INSUFFICIENT_RESOURCES, cause=NO_ROOM),
    EventType.DEPLOY_SCHEDULED: Scheduled(node="node-0"),
    EventType.DEPLOY_FAILED: Failure(error_code=ErrorCode.IMAGE_PULL, error_message="no such image"),
    EventType.DEPLOY_LOST: Lost(cause="the Deployment is gone"),
    EventType.CLEANUP_COMPLETED: Receipt(objects=()),
    EventType.DELETE_COMPLETED: Receipt(objects=()),
    EventType.RETRY_VERIFIED: RetryOutcome(failed_step="deploying"),
    EventType.RETRY_FAILED: RetryOutcome(failed_step="deploying"),
}


def sample(event_type: EventType, instance: Instance | None = None) -> Closed:
    """A payload of this type as it might come."""
    if event_type in TIMERS:
        return TimerDue(after=180.0, count=instance.overdue + 1 if instance else 1)
    return SAMPLES.get(event_type) or PAYLOADS[event_type]()


class Scenario:
    """Begins with nothing; each `then` is one event, `moment` the time at which it is decided."""

    def __init__(self, instance: Instance | None = None, policy: Policy = POLICY) -> None:
        self.instance = instance
        self.policy = policy
        self.now = NOW
        self.last = Decision(Outcome.REJECTED, None)
        self._count = 0

    def later(self, seconds: float) -> Self:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        return self

    def event(self, event_type: EventType, data: Closed | None = None, step: int | None = None) -> Event:
        """The event as it would be published now."""
        self._count += 1
        event_id = uuid5(INSTANCE, f"{self._count}/{event_type}")
        payload = data if data is not None else sample(event_type, self.instance)
        if event_type in WISHES:
            return wish(event_type, INSTANCE, ALICE, self.now, payload, event_id=event_id)
        instance = self.instance
        return Event(
            id=event_id,
            type=event_type,
            instance_id=INSTANCE,
            time=self.now,
            actor=Actor("watcher", "watcher"),
            data=payload,
            correlation_id=instance.job_id if instance else event_id,
            attempt=instance.attempt if instance else None,
            step=(instance.step if instance else 0) if step is None else step,
        )

    def then(self, event_type: EventType, data: Closed | None = None, step: int | None = None) -> Self:
        """This happens; the decision is in `last`."""
        self.last = decide(self.instance, self.event(event_type, data, step), self.now, self.policy)
        self.instance = self.last.instance
        for follow_up in self.last.follow_ups:
            self.instance = decide(self.instance, follow_up, self.now, self.policy).instance
        return self

    @property
    def now_is(self) -> Instance:
        """The instance, which must exist."""
        assert self.instance is not None
        return self.instance

    def sent(self) -> list[str]:
        """The commands that the last decision sends."""
        return [event.type.value for event in self.last.sends]

    def timers(self) -> dict[str, float]:
        """The timers that the last decision sets, with seconds from now."""
        return {t.event.type.value: (t.due - self.now).total_seconds() for t in self.last.timers}

    def follow_ups(self) -> list[str]:
        """What the last decision learnt."""
        return [event.type.value for event in self.last.follow_ups]


def provisioned(request: InstanceRequest | None = None) -> Scenario:
    """Asked for."""
    data = ProvisionRequested(customer_id="acme", name="shop", request=request or InstanceRequest())
    return Scenario().then(EventType.PROVISION_REQUESTED, data)


def allocating() -> Scenario:
    """Admitted."""
    return provisioned().then(EventType.PROVISION_ADMITTED)


def deploying() -> Scenario:
    """The database is there."""
    return allocating().then(EventType.DATABASE_ALLOCATED)


def waiting_for_room() -> Scenario:
    """Applied, and no node takes it."""
    return deploying().then(EventType.DEPLOY_APPLIED).then(EventType.DEPLOY_PROGRESSING)


def initializing() -> Scenario:
    """A node has taken it."""
    return waiting_for_room().then(EventType.DEPLOY_SCHEDULED)


def running() -> Scenario:
    """Ready."""
    return initializing().then(EventType.DEPLOY_READY)


def cleaning_up() -> Scenario:
    """Timed out for lack of room."""
    return waiting_for_room().then(EventType.DEPLOY_TIMEOUT)


def cleaning_up_before_retry() -> Scenario:
    """Timed out, and a retry waits."""
    return cleaning_up().then(EventType.RETRY_REQUESTED)


def error() -> Scenario:
    """Failed and clean."""
    return cleaning_up().then(EventType.CLEANUP_COMPLETED)


def error_to_be_retried() -> Scenario:
    """Failed for a cause that the retry policy names, and clean."""
    scenario = cleaning_up()
    scenario.policy = RETRYING
    return scenario.then(EventType.CLEANUP_COMPLETED)


def degraded() -> Scenario:
    """Lost."""
    return running().then(EventType.DEPLOY_LOST)


def stopping() -> Scenario:
    """Being stopped."""
    return running().then(EventType.STOP_REQUESTED)


def stopped() -> Scenario:
    """Stopped."""
    return stopping().then(EventType.STOP_COMPLETED)


def starting() -> Scenario:
    """Being started."""
    return stopped().then(EventType.START_REQUESTED)


def trashed() -> Scenario:
    """In the trash."""
    return running().then(EventType.DELETE_REQUESTED)


def deleting() -> Scenario:
    """Being deleted."""
    return error().then(EventType.DELETE_REQUESTED)


def deleted() -> Scenario:
    """Gone."""
    return deleting().then(EventType.DELETE_COMPLETED)


IN_STATE = {
    State.NONE: Scenario,
    State.PENDING: provisioned,
    State.ALLOCATING_DATABASE: allocating,
    State.DEPLOYING: waiting_for_room,
    State.INITIALIZING: initializing,
    State.RUNNING: running,
    State.DEGRADED: degraded,
    State.CLEANING_UP: cleaning_up,
    State.CLEANING_UP_BEFORE_RETRY: cleaning_up_before_retry,
    State.ERROR: error,
    State.STOPPING: stopping,
    State.STOPPED: stopped,
    State.STARTING: starting,
    State.TRASHED: trashed,
    State.DELETING: deleting,
    State.DELETED: deleted,
}

EXISTING = [state for state in IN_STATE if state not in (State.NONE, State.DELETED)]


def held(scenario: Scenario) -> Scenario:
    """The same, held by a person."""
    return scenario.then(EventType.HOLD_REQUESTED)


def with_values(scenario: Scenario, **values: object) -> Scenario:
    """The same with some values as given."""
    scenario.instance = replace(scenario.now_is, **values)  # type: ignore[arg-type]  # names of its own fields
    return scenario
