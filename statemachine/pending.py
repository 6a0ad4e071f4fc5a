"""The timers that an instance's rows leave pending: what stood in the outbox, from the audit log alone."""

from schemas.events import Event
from schemas.types import EventType
from statemachine.decision import Timer
from statemachine.fold import Recorded, refold
from statemachine.instance import Instance


class Pending:
    """One instance's rows, taken in their order. Of repetitions that left no row, it knows nothing."""

    def __init__(self) -> None:
        self._instance: Instance | None = None
        self._timers: list[Timer] = []

    @property
    def timers(self) -> list[Timer]:
        """Those that neither were decided nor dropped, in the order in which they were set."""
        return list(self._timers)

    def take(self, row: Recorded) -> None:
        """The next row."""
        step = refold(self._instance, row)
        self._instance = step.after
        kept = [] if step.decision.drops_timers else self._timers
        over = {row.event.id, *(_kind(timer.event) for timer in step.decision.timers)}
        self._timers = [timer for timer in kept if not over & {timer.event.id, _kind(timer.event)}]
        self._timers += step.decision.timers


def _kind(event: Event) -> tuple[EventType, int | None]:
    """A step has one timer of each type: the next takes the place of the one before, whose row may not be there."""
    return event.type, event.step
