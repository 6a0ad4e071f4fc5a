"""Verifies one trail: each of its rows is decided and hashed again, and its end compared with the live row."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from persistence.chain import START, Entry, Tip
from persistence.recording import recorded
from schemas.errors import BrokenMessage
from schemas.events import Event
from statemachine.deciding import Silent
from statemachine.decision import Decision
from statemachine.fold import Folded, Recorded, changes, refold
from statemachine.instance import Instance
from statemachine.machine import Move
from statemachine.policy import Policy
from statemachine.walk import walk

_WAY = ("outcome", "state_after", "attempt", "step", "error_code")
"""What tells that an instance went another way; words may change."""
_WIDTH = len(Entry._fields)


class Difference(NamedTuple):
    """The first row of an instance that differs. `sequence` None: its live row, which no row of the log leads to."""

    instance_id: UUID
    sequence: int | None
    event_type: str | None
    recorded_at: datetime | None
    why: str


class Live(NamedTuple):
    """An instance as its live row has it, and where that says its trail ends."""

    instance: Instance
    tip: Tip


class Trail:
    """One instance's rows, taken in order of their sequence until one differs."""

    def __init__(self, instance_id: UUID) -> None:
        self.instance_id = instance_id
        self._tip = START
        self._instance: Instance | None = None

    @property
    def instance(self) -> Instance | None:
        """As the rows so far leave it; None where there were none."""
        return self._instance

    @property
    def tip(self) -> Tip:
        """The last row that was taken and did not differ."""
        return self._tip

    def take(self, row: tuple[Any, ...]) -> Difference | None:
        """`row`: the columns of the audit log, in order. The difference, where there is one."""
        entry, prev, digest = Entry(*row[:_WIDTH]), row[_WIDTH], row[_WIDTH + 1]
        if entry.sequence != self._tip.sequence + 1:
            return _differs(entry, f"row {self._tip.sequence + 1} is missing: it was removed from the audit log")
        if prev != self._tip.hash:
            return _differs(entry, "prev_hash is not the hash of the row before: the one or the other was replaced")
        try:
            step = refold(self._instance, again(entry), walk, Silent)
        except (BrokenMessage, ValueError, KeyError, TypeError) as error:  # event or policy cannot be read
            return _differs(entry, f"changed after it was recorded: {error}")
        expected = _expected(step, entry)
        if expected != entry or expected.hashed(prev) != digest:
            return _differs(entry, _why(entry, expected, step.decision, prev, digest))
        self._tip, self._instance = Tip(entry.sequence, digest), step.after
        return None

    def end(self, live: Live | None) -> Difference | None:
        """After the last row: whether the live row is what the trail leads to."""
        why = self._why_not(live)
        return Difference(self.instance_id, None, None, None, why) if why else None

    def _why_not(self, live: Live | None) -> str | None:
        if live is None:
            return "the instance has a trail and no row in instances: it was removed"
        if live.tip.sequence != self._tip.sequence:
            return f"the trail ends with row {self._tip.sequence}, and the live row says {live.tip.sequence}"
        if live.tip.hash != self._tip.hash:
            return f"row {self._tip.sequence} is not the one that the live row follows: the trail was replaced"
        return unlike(self._instance, live.instance)


class OtherWay:
    """One instance's rows, decided by another state table: the first that it would decide otherwise."""

    def __init__(self, instance_id: UUID, move: Move) -> None:
        self.instance_id = instance_id
        self._move = move
        self._instance: Instance | None = None

    def take(self, row: tuple[Any, ...]) -> Difference | None:
        """`row`: the columns of the audit log, in order. The difference, where there is one."""
        entry = Entry(*row[:_WIDTH])
        step = refold(self._instance, again(entry), self._move, Silent)
        expected = _expected(step, entry)
        if expected is None:
            return _differs(entry, f"{entry.outcome} in the row; the other table would leave no row")
        for name in _WAY:
            if (here := getattr(entry, name)) != (there := getattr(expected, name)):
                return _differs(entry, f"{name} is {here} in the row, and {there} by the other table")
        self._instance = step.after
        return None

    def end(self, _: Live | None) -> Difference | None:
        """It went the same way to its end."""
        return None


def unlike(folded: Instance | None, live: Instance) -> str | None:
    """The first value of the live row that its trail does not lead to.

    `overdue` may be greater: a command that is repeated leaves a row the first time only.
    """
    for name, (expected, found) in changes(folded, live).items():
        repeated = name == "overdue" and 0 < expected < found
        if _plain(expected) != _plain(found) and not repeated:
            return f"{name} is {_plain(found)!s} in the live row, and the trail leads to {_plain(expected)!s}"
    return None


def again(entry: Entry) -> Recorded:
    """A row as it is decided again. Raises BrokenMessage, ValueError, KeyError, TypeError where it cannot be read."""
    return Recorded(Event.decode(entry.event), entry.recorded_at, _policy(entry.policy))


def _expected(step: Folded, entry: Entry) -> Entry | None:
    after = step.after
    if after is None or not step.decision.recorded:
        return None
    return recorded(step, after, entry.recorded_at, entry.policy, entry.sequence, entry.event)


def _why(entry: Entry, expected: Entry | None, decision: Decision, prev: bytes, digest: bytes) -> str:
    intact = entry.hashed(prev) == digest
    whose = "decided otherwise" if intact else "changed after it was recorded"
    if expected is None:
        return f"{whose}: decided again, it leaves no row" + (f" ({decision.why})" if decision.why else "")
    for name in Entry._fields:
        here, again = getattr(entry, name), getattr(expected, name)
        if here != again:
            return f"{whose}: {name} is {here!s} in the row, and {again!s} decided again"
    return "changed after it was recorded: its hash is not that of its values"


def _differs(entry: Entry, why: str) -> Difference:
    return Difference(entry.instance_id, entry.sequence, entry.type, entry.recorded_at, why)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


@lru_cache(maxsize=64)
def _policy(raw: bytes) -> Policy:
    """Few policies were ever in force, and most rows name one of them."""
    return Policy.decode(raw)
