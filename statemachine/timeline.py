"""The attempts of an instance with their steps and waits, read from its audit log."""

from collections.abc import Iterable

from schemas.timeline import TimelineAttempt, TimelineStep, Wait
from schemas.types import EventType
from schemas.views import AuditRow
from statemachine.states import State

_ENDS = frozenset({State.RUNNING, State.ERROR, State.DEGRADED, State.STOPPED, State.DELETED})
"""Where an attempt comes to rest. What the instance does afterwards still stands among its steps."""

_BEGINNERS = frozenset(
    {EventType.PROVISION_REQUESTED, EventType.ADOPT_REQUESTED, EventType.RETRY_REQUESTED, EventType.RETRY_DUE}
)
_NEWS = frozenset({EventType.DEPLOY_PROGRESSING, EventType.DEPLOY_LOST})


def attempts_of(rows: Iterable[AuditRow]) -> list[TimelineAttempt]:
    """The attempts in `rows`, which are those of one instance in order."""
    attempts: list[TimelineAttempt] = []
    begun_by: AuditRow | None = None
    for row in rows:
        if row.outcome != "applied" or row.attempt is None:
            continue
        if row.type in _BEGINNERS:
            begun_by = row
        if not attempts or attempts[-1].attempt != row.attempt:
            attempts.append(_attempt(row, begun_by or row))
        if row.state_before != row.state_after or not attempts[-1].steps:
            _enter(attempts, row)
        _note(attempts[-1], row)
    return attempts


def _attempt(row: AuditRow, begun_by: AuditRow) -> TimelineAttempt:
    """A retry that waited for a clean-up begins its attempt when that is done: who asked is in an earlier row."""
    assert row.attempt is not None  # noqa: S101 - rows without one were passed over
    return TimelineAttempt(
        attempt=row.attempt, job_id=begun_by.correlation_id, actor=begun_by.actor, began_at=row.recorded_at
    )


def _enter(attempts: list[TimelineAttempt], row: AuditRow) -> None:
    """One step ends, perhaps the last of the attempt before, and another begins."""
    for attempt in attempts[-2:]:
        if attempt.steps and attempt.steps[-1].ended_at is None:
            attempt.steps[-1].ended_at, attempt.steps[-1].ended_by = row.recorded_at, row.type
    now = attempts[-1]
    now.steps.append(TimelineStep(state=row.state_after, began_at=row.recorded_at, began_by=row.type))
    if now.ended_at is None and row.state_after in _ENDS:
        now.ended_at, now.ended_in = row.recorded_at, row.state_after


def _note(attempt: TimelineAttempt, row: AuditRow) -> None:
    """Why the attempt failed, or what its step waits for."""
    if row.error_code is not None and attempt.ended_at in (None, row.recorded_at):
        attempt.error_code, attempt.error = row.error_code, row.error
    cause = row.data.get("cause")
    if row.type in _NEWS and cause:
        wait = Wait(since=row.recorded_at, cause=cause, cause_code=row.data.get("error_code"))
        attempt.steps[-1].waits.append(wait)
