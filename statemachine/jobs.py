"""How a job goes, read from the audit log: the wish that began it and what came of its attempt."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from schemas.codes import ErrorCode
from schemas.types import EventType
from schemas.views import AuditRow, JobView
from statemachine.states import State

Status = Literal["queued", "running", "succeeded", "failed", "cancelled", "averted", "superseded"]

_ATTEMPT = (State.RUNNING,)
_GOALS: dict[str, tuple[State, ...]] = {
    EventType.PROVISION_REQUESTED: _ATTEMPT,
    EventType.RETRY_REQUESTED: _ATTEMPT,
    EventType.RETRY_DUE: _ATTEMPT,
    EventType.START_REQUESTED: _ATTEMPT,
    EventType.ADOPT_REQUESTED: (State.RUNNING, State.DEGRADED, State.STOPPED, State.ERROR),
    EventType.STOP_REQUESTED: (State.STOPPED,),
    EventType.RESTORE_REQUESTED: (State.STOPPED,),
    EventType.DELETE_REQUESTED: (State.DELETED, State.TRASHED),
    EventType.CANCEL_REQUESTED: (State.ERROR, State.DEGRADED),
}
_BEGINNERS = frozenset(_GOALS) - {EventType.CANCEL_REQUESTED}
_GIVEN_UP = (State.ERROR, State.DEGRADED)


class _End(NamedTuple):
    status: Status
    row: AuditRow


def job_of(rows: Sequence[AuditRow]) -> JobView:
    """The job whose wish is `rows[0]`; the others are what was recorded of the instance since, in order."""
    first, last = rows[0], rows[-1]
    end = _ending(rows)
    seen = rows if end is None else rows[: rows.index(end.row) + 1]
    code, message = _failure(seen) if end and end.status in ("failed", "cancelled") else (None, None)
    return JobView(
        job_id=first.event_id,
        instance_id=first.instance_id,
        type=first.type,
        attempt=(end.row if end else last).attempt,
        status=end.status if end else _under_way(State(last.state_after)),
        state=(end.row if end else last).state_after,
        started_at=first.recorded_at,
        ended_at=end.row.recorded_at if end else None,
        error_code=code,
        error_message=message,
    )


def _under_way(state: State) -> Status:
    return "queued" if state in (State.PENDING, State.CLEANING_UP_BEFORE_RETRY) else "running"


def _ending(rows: Sequence[AuditRow]) -> _End | None:
    first = rows[0]
    if first.outcome != "applied":
        return _End("failed", first)
    goals = _GOALS.get(first.type)
    if goals is None or first.state_after in goals:
        return _End("succeeded", first)
    if first.type == EventType.RETRY_DUE and first.state_after == State.ERROR:
        return _End("cancelled", first)
    waits = first.state_after == State.CLEANING_UP_BEFORE_RETRY
    for row in rows[1:]:
        if row.outcome != "applied":
            continue
        if waits and row.type == EventType.CLEANUP_AVERTED:
            return _End("averted", row)
        if row.type in _BEGINNERS:
            return _End("superseded", row)
        waits = waits and row.state_after == State.CLEANING_UP_BEFORE_RETRY
        if row.state_after in goals:
            return _End("succeeded", row)
        if row.state_after in _GIVEN_UP:
            return _End("cancelled" if _was_cancelled(rows, row) else "failed", row)
    return None


def _was_cancelled(rows: Sequence[AuditRow], end: AuditRow) -> bool:
    until = rows[: rows.index(end) + 1]
    return any(row.type == EventType.CANCEL_REQUESTED and row.outcome == "applied" for row in until)


def _failure(rows: Sequence[AuditRow]) -> tuple[ErrorCode | None, str | None]:
    """Why it failed, from the last row that says so."""
    for row in reversed(rows):
        if row.error is not None and (row.error_code is not None or row is rows[0]):
            return row.error_code, row.error
    return None, None
