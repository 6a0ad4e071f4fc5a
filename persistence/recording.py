"""What the audit log says of a decision: the one place that makes its row, for whoever writes it or verifies it."""

from datetime import datetime

from persistence.chain import Entry
from statemachine.decision import Decision, Outcome
from statemachine.fold import Folded
from statemachine.instance import Instance
from statemachine.states import State


def recorded(step: Folded, after: Instance, at: datetime, policy: bytes, sequence: int, raw: bytes) -> Entry:
    """The row of one decision, made at `at`, that left the instance as `after`; `raw` are the event's bytes."""
    event, before, decision = step
    code, error = _error(decision, before, after)
    return Entry(
        instance_id=after.id,
        sequence=sequence,
        customer_id=after.customer_id,
        event_id=event.id,
        recorded_at=at,
        type=event.type.value,
        actor=str(event.actor),
        reason=event.reason,
        attempt=after.attempt,
        step=after.step,
        state_before=(before.state if before else State.NONE).value,
        state_after=after.state.value,
        outcome=decision.outcome.value,
        error_code=code,
        error=error,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        event=raw,
        policy=policy,
    )


def _error(decision: Decision, before: Instance | None, after: Instance) -> tuple[str | None, str | None]:
    """Why the event changed nothing, or what failed by it: code and sentence."""
    if decision.outcome is not Outcome.APPLIED:
        return None, decision.why
    if before is None or before.state is after.state:
        return None, None
    if after.state is State.CLEANING_UP or (after.state is State.ERROR and before.state is State.PENDING):
        return after.error_code, after.error_message
    return (after.cause_code, after.cause) if after.state is State.DEGRADED else (None, None)
