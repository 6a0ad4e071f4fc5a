"""The one line "why": what an instance waits for, what keeps it, until when, and what happens next."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.types import EventType
from schemas.views import Waiting
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State

_FAILS = "it is cleaned up and reported as failed"
_STOPPED = frozenset({State.ALLOCATING_DATABASE, State.DEPLOYING, State.INITIALIZING, State.STARTING, State.DEGRADED})
_BRAKED = "the brake is on: no deadline passes and nothing is healed until an admin releases it"


class _Wait(NamedTuple):
    """What a state awaits, what happens then, and what happens instead at its deadline (None: it has none)."""

    awaited: EventType
    then: str
    at_deadline: str | None = None


_WAITS: dict[State, _Wait] = {
    State.PENDING: _Wait(
        EventType.PROVISION_ADMITTED, "its database is allocated as soon as one of the places to deploy is free"
    ),
    State.ALLOCATING_DATABASE: _Wait(EventType.DATABASE_ALLOCATED, "it is deployed", _FAILS),
    State.DEPLOYING: _Wait(EventType.DEPLOY_SCHEDULED, "Odoo is initialised on the node that takes it", _FAILS),
    State.INITIALIZING: _Wait(EventType.DEPLOY_READY, "it runs", _FAILS),
    State.DEGRADED: _Wait(EventType.DEPLOY_READY, "it runs again; until then it is applied again and again"),
    State.CLEANING_UP: _Wait(
        EventType.CLEANUP_COMPLETED, "it stays in error, clean, and can be retried (a retry asked for now is kept)"
    ),
    State.CLEANING_UP_BEFORE_RETRY: _Wait(EventType.CLEANUP_COMPLETED, "the retry that waits begins"),
    State.ERROR: _Wait(EventType.RETRY_REQUESTED, "the next attempt begins; nothing happens without it"),
    State.STOPPING: _Wait(EventType.STOP_COMPLETED, "it is stopped; its data stays"),
    State.STARTING: _Wait(EventType.DEPLOY_READY, "it runs", "it is shown as degraded and healed; its data stays"),
    State.TRASHED: _Wait(EventType.PURGE_DUE, "", "it is deleted for good; until then it can be restored"),
    State.DELETING: _Wait(EventType.DELETE_COMPLETED, "its record and audit log stay"),
}
"""The states in which an instance waits for something; the others are at rest."""

_BEFORE: dict[tuple[State, bool], EventType] = {
    (State.DEPLOYING, False): EventType.DEPLOY_APPLIED,
    (State.STARTING, False): EventType.DEPLOY_APPLIED,
}
"""What is awaited first, while the cluster has not accepted the objects yet."""


def waiting(instance: Instance, policy: Policy) -> Waiting | None:
    """Why `instance` waits, as `policy` has it; None where it does not."""
    wait = _retried(instance, policy) or _WAITS.get(instance.state)
    if wait is None:
        return None
    awaited = _BEFORE.get((instance.state, instance.applied_at is not None), wait.awaited).value
    cause = _CAUSES.get(instance.state, _cause)(instance)
    deadline = deadline_of(instance)
    following = _BRAKED if policy.braked and instance.state in _STOPPED else _next(instance, wait, deadline)
    return Waiting(
        awaited=awaited,
        cause=cause,
        deadline_at=deadline,
        next=following,
        line=_line(awaited, cause, following),
    )


def deadline_of(instance: Instance) -> datetime | None:
    """When the step ends by itself; while an instance is held, it does not."""
    return None if instance.held else instance.deadline_at


def _retried(instance: Instance, policy: Policy) -> _Wait | None:
    """What a failed instance waits for that the retry policy tries again, or has tried often enough."""
    number = f"{instance.auto_retries + 1} of {policy.retry_attempts}"
    if instance.state is State.ERROR and instance.deadline_at is not None:
        return _Wait(
            EventType.RETRY_DUE, "", f"it is retried automatically ({number}); a retry begins at once, a cancel ends it"
        )
    if instance.state is State.ERROR and instance.auto_retries:
        then = f"the next attempt begins; nothing happens without it: retried automatically {instance.auto_retries}x"
        return _Wait(EventType.RETRY_REQUESTED, then)
    if instance.state is State.CLEANING_UP and policy.retries(instance):
        return _Wait(EventType.CLEANUP_COMPLETED, f"it waits, clean, to be retried automatically ({number})")
    return None


def _cause(instance: Instance) -> str | None:
    return instance.cause


def _error(instance: Instance) -> str | None:
    return instance.error_message


_CAUSES: dict[State, Callable[[Instance], str | None]] = {State.ERROR: _error, State.CLEANING_UP: _error}


def _next(instance: Instance, wait: _Wait, deadline: datetime | None) -> str:
    if instance.held:
        return "it is held: no deadline passes and nothing is begun until it is released"
    if deadline is None or wait.at_deadline is None:
        return wait.then or wait.at_deadline or ""
    last = f"at {deadline.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC {wait.at_deadline}"
    return f"{wait.then}; {last}" if wait.then else last


def _line(awaited: str, cause: str | None, following: str) -> str:
    because = f" ({cause.rstrip('.')})" if cause else ""
    return f"waits for {awaited}{because}; next: {following}"
