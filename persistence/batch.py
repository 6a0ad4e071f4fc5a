"""Decides a batch of events in memory, in order, and gathers what one transaction will write."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from persistence.chain import START, Entry, Tip
from persistence.messages import Message, of_change, of_event
from persistence.recording import recorded
from schemas.events import Event
from schemas.payloads import AdoptRequested, ProvisionRequested
from schemas.types import Kind
from statemachine.decide import decide
from statemachine.decision import Decision, Outcome
from statemachine.fold import Folded
from statemachine.instance import Instance
from statemachine.policy import Policy

MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event. `instance` is as it is now, None where there is none."""

    event: Event
    outcome: Outcome
    why: str
    before: Instance | None
    instance: Instance | None


@dataclass(slots=True)
class Batch:
    """The instances as they are locked, the event ids known before, the names taken; then what is to be written."""

    instances: dict[UUID, Instance]
    tips: dict[UUID, Tip]
    known: set[UUID]
    taken: set[tuple[str, str]]
    now: datetime
    policy: Policy
    results: list[Result] = field(default_factory=list)
    entries: list[tuple[Entry, bytes, bytes]] = field(default_factory=list)
    timers_decided: list[tuple[UUID, UUID]] = field(default_factory=list)
    timers_dropped: set[UUID] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    timers: dict[UUID, list[Message]] = field(default_factory=dict)
    created: set[UUID] = field(default_factory=set)
    touched: set[UUID] = field(default_factory=set)

    def run(self, events: Iterable[Event]) -> list[Result]:
        """Decides all of them; what follows from one is decided right after it.

        Each is a microsecond later than the one before, so that first come is first in every order of time.
        """
        encoded = self.policy.encode()
        for event in events:
            result, decision = self._one(event, encoded)
            if event.kind is Kind.TIMER and not (decision and decision.postponed):
                self.timers_decided.append((event.instance_id, event.id))
            self.results.append(result)
            self.now += MOMENT
            for follow_up in decision.follow_ups if decision else ():
                self._one(follow_up, encoded)
        return self.results

    def outbox(self) -> Sequence[Message]:
        """All that is to be sent, the timers last."""
        return [*self.messages, *(timer for timers in self.timers.values() for timer in timers)]

    def _one(self, event: Event, policy: bytes) -> tuple[Result, Decision | None]:
        before = self.instances.get(event.instance_id)
        if event.id in self.known:
            return Result(event, Outcome.DUPLICATE, "was recorded before", before, before), None
        if before is None and self._is_taken(event):
            return Result(event, Outcome.REJECTED, "An instance of this name exists already", None, None), None
        decision = decide(before, event, self.now, self.policy)
        after = decision.instance
        if after is not None:
            self._gather(event, before, decision, after, policy)
        return Result(event, decision.outcome, decision.why, before, after), decision

    def _is_taken(self, event: Event) -> bool:
        data = event.data
        return isinstance(data, ProvisionRequested | AdoptRequested) and (data.customer_id, data.name) in self.taken

    def _gather(
        self, event: Event, before: Instance | None, decision: Decision, after: Instance, policy: bytes
    ) -> None:
        if before is None:
            self.created.add(after.id)
            self.taken.add((after.customer_id, after.name))
        self.instances[after.id] = after
        self.touched.add(after.id)
        self.messages.extend(map(of_event, decision.sends))
        if decision.drops_timers:
            self.timers_dropped.add(after.id)
            self.timers.pop(after.id, None)
        self.timers.setdefault(after.id, []).extend(of_event(timer.event, timer.due) for timer in decision.timers)
        if decision.recorded:
            self._record(event, before, decision, after, policy)

    def _record(
        self, event: Event, before: Instance | None, decision: Decision, after: Instance, policy: bytes
    ) -> None:
        tip = self.tips.get(after.id, START)
        step = Folded(event, before, decision)
        entry = recorded(step, after, self.now, policy, tip.sequence + 1, event.encode())
        digest = entry.hashed(tip.hash)
        self.known.add(event.id)
        self.tips[after.id] = Tip(entry.sequence, digest)
        self.entries.append((entry, tip.hash, digest))
        if decision.outcome is Outcome.APPLIED:
            self.messages.append(of_change(entry, after))
