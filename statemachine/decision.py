"""What `decide` answers: the new values, what to send, and one of a closed set of outcomes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from schemas.events import Event
from statemachine.instance import Instance


class Outcome(StrEnum):
    """What became of an event. A duplicate never reaches `decide`: it is only counted."""

    APPLIED = "applied"
    STALE = "stale"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


@dataclass(slots=True)
class Timer:
    """An event to be sent at `due`, unless its step ends before."""

    due: datetime
    event: Event


@dataclass(slots=True)
class Decision:
    """One decision.

    `instance` None: there is none, and the event could not begin one.
    `recorded` False: a repetition that changes nothing worth a row in the audit log.
    `postponed`: the event is not done with; its timer stays and comes again.
    `drops_timers`: all timers of the instance are dropped before `timers` are set.
    `follow_ups` are decided next, in the same transaction.
    """

    outcome: Outcome
    instance: Instance | None
    why: str = ""
    recorded: bool = True
    postponed: bool = False
    drops_timers: bool = False
    sends: list[Event] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    follow_ups: list[Event] = field(default_factory=list)
