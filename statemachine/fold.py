"""The audit log decided again: an instance as it was before and after every row of its own, from the rows alone."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from schemas.events import Event
from schemas.types import EventType
from statemachine.decide import decide
from statemachine.deciding import Deciding
from statemachine.decision import Decision
from statemachine.instance import Instance
from statemachine.machine import Move, move
from statemachine.policy import Policy


class Recorded(NamedTuple):
    """All that a decision depended on, as its row of the audit log has it. `at` is the row's recorded_at."""

    event: Event
    at: datetime
    policy: Policy


class Folded(NamedTuple):
    """One row, decided again. `before` is None where there was no instance yet."""

    event: Event
    before: Instance | None
    decision: Decision

    @property
    def after(self) -> Instance | None:
        """The instance as the row left it; None where it began none."""
        return self.decision.instance


def fold(rows: Iterable[Recorded], before: Instance | None = None) -> Iterator[Folded]:
    """Decides the rows of one instance again, in their order. Lazy: it holds one instance, however many rows there are.

    `before` is the instance as it was before the first of them. What changed without a row (a command that was
    repeated once more) is in `overdue` alone, which may so be less than it was; everything else is exact.
    """
    for row in rows:
        step = refold(before, row)
        yield step
        before = step.after


def refold(before: Instance | None, row: Recorded, move: Move = move, deciding: type[Deciding] = Deciding) -> Folded:
    """One row decided again, upon the instance as the rows before left it; `move` and `deciding` as for `decide`."""
    known = _caught_up(before, row.event)
    return Folded(row.event, known, decide(known, row.event, row.at, row.policy, move=move, deciding=deciding))


def _caught_up(instance: Instance | None, event: Event) -> Instance | None:
    """Repetitions that are applied leave a row the first time only: a later one that has a row came once too often."""
    count = getattr(event.data, "count", 0)
    if event.type is not EventType.STEP_OVERDUE or instance is None or event.step != instance.step:
        return instance
    if not 0 < instance.overdue < count:
        return instance
    known = instance.copy()
    known.overdue = count
    return known


_NAMES = tuple(field.name for field in fields(Instance))


def changes(before: Instance | None, after: Instance | None) -> dict[str, tuple[Any, Any]]:
    """What differs between the two, field by field in the order of Instance: the value before and the one after."""
    pairs = ((name, getattr(before, name, None), getattr(after, name, None)) for name in _NAMES)
    return {name: (old, new) for name, old, new in pairs if old != new}
