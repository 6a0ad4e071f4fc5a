"""An instance as it was at one row of its audit log: its values, what was pending then, and what had been observed."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from schemas.types import FACTS, EventType
from statemachine.consequences import Consequence, expected, follow
from statemachine.decision import Outcome
from statemachine.fold import Folded

OBSERVED = FACTS - {
    EventType.PROVISION_ADMITTED,
    EventType.RETRY_VERIFIED,
    EventType.RETRY_FAILED,
    EventType.ADMIN_PASSWORD_REVEALED,
}
"""Facts that tell of the cluster or of the database; the others tell of Reprise itself."""


@dataclass(frozen=True, slots=True)
class Past:
    """How it was once `folded`, the last row, had been decided.

    began_by  the row that began the step which that row's event belongs to
    pending   what had been sent or set, and neither decided, answered nor dropped
    observed  of this attempt, the latest fact of each type, the oldest first
    """

    folded: Folded
    began_by: UUID | None
    pending: list[Consequence]
    observed: list[UUID]


def past(rows: Iterable[Folded]) -> Past | None:
    """After the last of these rows, which begin with the instance's first; None without any."""
    began: dict[int, UUID] = {}
    pending: list[Consequence] = []
    observed: dict[EventType, UUID] = {}
    last: Folded | None = None
    for row in rows:
        follow(pending, row)
        pending = [each for each in pending if each.is_open] + expected(row)
        _observe(observed, row)
        if row.after is not None:
            began.setdefault(row.after.step, row.event.id)
        last = row
    if last is None:
        return None
    step_began = began.get(last.event.step or 0)
    return Past(last, None if step_began == last.event.id else step_began, pending, list(observed.values()))


def _observe(observed: dict[EventType, UUID], row: Folded) -> None:
    if row.before is None or row.after is None or row.after.attempt != row.before.attempt:
        observed.clear()
    if row.event.type in OBSERVED and row.decision.outcome is Outcome.APPLIED:
        observed.pop(row.event.type, None)  # the latest comes last
        observed[row.event.type] = row.event.id
