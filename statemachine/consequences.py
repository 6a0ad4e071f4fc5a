"""What one decision was to bring about, and what came of it, from the folded rows of its instance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.events import Event
from schemas.types import Kind
from statemachine.decision import Outcome
from statemachine.fold import Folded


@dataclass(slots=True)
class Consequence:
    """An event that a decision sent, set as a timer, or had decided next. All ids are those of rows.

    due          when a timer runs out
    decided_by   the row in which it was decided itself; a command never is
    answered_by  the first fact of its step after it
    ended_by     what ended its step, or dropped the timers, so that it is awaited no longer
    """

    event: Event
    due: datetime | None = None
    decided_by: UUID | None = None
    answered_by: UUID | None = None
    ended_by: UUID | None = None

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self.decided_by is None and self.answered_by is None and self.ended_by is None


@dataclass(frozen=True, slots=True)
class Explained:
    """One row, decided again. `began_by` is the row that began the step which its event belongs to."""

    folded: Folded
    began_by: UUID | None
    consequences: list[Consequence]


def explain(rows: Iterable[Folded], event_id: UUID) -> Explained | None:
    """The row of `event_id` among those of its instance; None where it is not there. Holds one row at a time."""
    began: dict[int, UUID] = {}
    found: Explained | None = None
    for row in rows:
        if found is not None:
            follow(found.consequences, row)
        elif row.event.id == event_id:
            found = Explained(row, began.get(row.event.step or 0), expected(row))
        elif row.after is not None:
            began.setdefault(row.after.step, row.event.id)
    return found


def expected(row: Folded) -> list[Consequence]:
    """What the decision of a row sent, set as timers and had decided next; nothing has come of it yet."""
    decision = row.decision
    return [
        *(Consequence(event) for event in (*decision.sends, *decision.follow_ups)),
        *(Consequence(timer.event, timer.due) for timer in decision.timers),
    ]


def follow(consequences: Iterable[Consequence], row: Folded) -> None:
    """Writes into them what a later row says of them."""
    for each in consequences:
        event = each.event
        if row.event.id == event.id:
            each.decided_by = row.event.id
        elif each.answered_by is None and event.kind is Kind.COMMAND and _answers(row, event):
            each.answered_by = row.event.id
        if each.ended_by is None and _ends(row, each):
            each.ended_by = row.event.id


def _answers(row: Folded, command: Event) -> bool:
    return row.event.kind is Kind.FACT and row.event.step == command.step and row.decision.outcome is Outcome.APPLIED


def _ends(row: Folded, expected: Consequence) -> bool:
    dropped = expected.due is not None and row.decision.drops_timers
    return dropped or (row.after is not None and row.after.step != expected.event.step)
