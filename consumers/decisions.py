"""Tells the log what has been decided: an observer of the writer, in whichever part the decision was made."""

from collections.abc import Sequence

import structlog

from persistence.batch import Result
from statemachine.decision import Outcome

log = structlog.get_logger("decisions")


def told(results: Sequence[Result]) -> None:
    """One line for each change of state and for each refusal; what changed nothing is told at debug."""
    for result in results:
        before, after = result.before, result.instance
        moved = result.outcome is Outcome.APPLIED and (before is None or after is None or before.state != after.state)
        say = log.info if moved or result.outcome is Outcome.REJECTED else log.debug
        say(
            "decided",
            type=result.event.type.value,
            outcome=result.outcome.value,
            why=result.why or None,
            instance=str(result.event.instance_id),
            attempt=after.attempt if after is not None else None,
            correlation_id=str(result.event.correlation_id),
            state_before=before.state.value if before is not None else None,
            state_after=after.state.value if after is not None else None,
            actor=str(result.event.actor),
        )
