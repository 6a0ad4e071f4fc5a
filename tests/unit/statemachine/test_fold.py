"""Folding the recorded rows reaches the very values that the decisions reached, whatever happened."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from uuid import uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Event
from schemas.payloads import TimerDue
from schemas.types import COMMANDS, EventType
from statemachine.decide import decide
from statemachine.decision import Outcome
from statemachine.fold import Folded, Recorded, changes, fold
from statemachine.instance import Instance
from statemachine.policy import Policy
from tests.unit.statemachine.scenario import INSTANCE, NOW, POLICY, RETRYING, Scenario, allocating, running
from tests.unit.statemachine.test_reachable import variants

DECIDED = [event for event in EventType if event not in COMMANDS]
HAPPENING = st.tuples(st.sampled_from(DECIDED), st.integers(0, 8), st.integers(0, 2_000), st.sampled_from([0, 0, 0, 1]))


class Trail:
    """Decides events as the writer does, and keeps what it would record: the exact bytes."""

    def __init__(self, instance: Instance | None = None) -> None:
        self.instance = instance
        self.now = NOW
        self.rows: list[tuple[bytes, Policy, str]] = []
        self.times: list[datetime] = []

    def take(self, event: Event, policy: Policy = POLICY) -> None:
        """Decides it, and what follows from it a microsecond later."""
        decision = decide(self.instance, event, self.now, policy)
        self.instance = decision.instance
        if decision.instance is not None and decision.recorded:
            self.rows.append((event.encode(), policy, decision.outcome.value))
            self.times.append(self.now)
        self.now += timedelta(microseconds=1)
        for follow_up in decision.follow_ups:
            self.take(follow_up, policy)

    def folded(self) -> list[Folded]:
        """From the bytes alone."""
        rows = zip(self.rows, self.times, strict=True)
        return list(fold(Recorded(Event.decode(raw), at, policy) for (raw, policy, _), at in rows))


@settings(max_examples=300, deadline=None)
@given(st.lists(HAPPENING, max_size=40))
def test_any_history_is_reached_again_from_its_rows(happened: list[tuple[EventType, int, int, int]]) -> None:
    trail, numbers = Trail(), count()
    for event_type, variant, seconds, late in [(EventType.PROVISION_REQUESTED, 0, 0, 0), *happened]:
        trail.now += timedelta(seconds=seconds)
        known = Scenario(trail.instance)
        known.now = trail.now
        data = list(variants(event_type, trail.instance))
        event = known.event(event_type, data[variant % len(data)])
        step = event.step - late if event.step is not None else None
        trail.take(
            replace(event, step=step, id=uuid5(INSTANCE, str(next(numbers)))), RETRYING if variant % 2 else POLICY
        )
    folded = trail.folded()
    assert [step.decision.outcome.value for step in folded] == [outcome for _, _, outcome in trail.rows]
    assert set(changes(folded[-1].after, trail.instance)) <= {"overdue"}


def overdue(instance: Instance | None, number: int, identity: str) -> Event:
    event = Scenario(instance).event(EventType.STEP_OVERDUE, TimerDue(after=60, count=number))
    return replace(event, id=uuid5(INSTANCE, identity))


def test_a_repetition_that_left_no_row_and_came_twice_is_refused_again() -> None:
    trail = Trail(allocating().instance)
    began = trail.instance
    trail.take(overdue(trail.instance, 1, "first"))
    trail.take(overdue(trail.instance, 2, "second"))
    trail.take(overdue(trail.instance, 2, "second, sent again"))
    assert [outcome for _, _, outcome in trail.rows] == ["applied", "rejected"]
    rows = [Recorded(Event.decode(raw), NOW, policy) for raw, policy, _ in trail.rows]
    folded = list(fold(rows, began))
    assert [step.decision.outcome for step in folded] == [Outcome.APPLIED, Outcome.REJECTED]
    assert folded[-1].after is not None
    assert folded[-1].after.overdue == 2


def test_the_changes_of_an_event_are_told_field_by_field() -> None:
    scenario = running()
    before = scenario.now_is
    after = scenario.then(EventType.HOLD_REQUESTED).now_is
    assert changes(before, after) == {"held_at": (None, NOW)}
    assert changes(None, after)["name"] == (None, "shop")
    assert changes(after, after) == {}
