"""While the brake is on, no instance is given up or healed in any reachable state; nothing is lost."""

from dataclasses import replace
from datetime import timedelta

from schemas.payloads import Progress, TimerDue
from schemas.types import WISHES, EventType
from statemachine.brake import unexplained
from statemachine.decide import decide
from statemachine.decision import Decision, Outcome
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from tests.unit.statemachine.scenario import (
    NOW,
    RETRYING,
    Scenario,
    error_to_be_retried,
    initializing,
    running,
    sample,
    waiting_for_room,
)
from tests.unit.statemachine.test_reachable import explored

BRAKED = Policy(braked=True)
WORSE = (State.CLEANING_UP, State.DEGRADED)


def braked() -> list[tuple[Instance, EventType, Decision]]:
    """What becomes of everything that would be applied without the brake."""
    found = []
    for before, event_type, free in explored():
        if before is not None and free.outcome is Outcome.APPLIED:
            event = Scenario(before).event(event_type, sample(event_type, before))
            found.append((before, event_type, decide(before, event, NOW + timedelta(seconds=1), BRAKED)))
    return found


def test_nothing_is_given_up_and_nothing_is_healed() -> None:
    for before, event_type, decision in braked():
        assert decision.instance is not None
        if event_type not in WISHES and decision.instance.state is not before.state:
            assert decision.instance.state not in WORSE, (before.state, event_type)
        if before.state is State.DEGRADED and event_type not in WISHES:
            assert not decision.sends, event_type


def test_what_is_stopped_changes_nothing_and_comes_again() -> None:
    """It leaves no row in the audit log: the same event is decided when the brake is off."""
    stopped = [(before, decision) for before, _, decision in braked() if decision.postponed]
    assert len(stopped) > 20
    for before, decision in stopped:
        assert (decision.outcome, decision.recorded, decision.instance) == (Outcome.REJECTED, False, before)
        assert [decision.sends, decision.timers, decision.follow_ups, decision.drops_timers] == [[], [], [], False]
        assert "brake" in decision.why


def test_a_planned_retry_waits_for_the_brake_and_comes_again() -> None:
    s = error_to_be_retried()
    s.policy = replace(RETRYING, braked=True)
    s.then(EventType.RETRY_DUE)
    assert (s.last.outcome, s.last.postponed, s.now_is.auto_retries) == (Outcome.REJECTED, True, 0)
    s.policy = RETRYING
    assert s.then(EventType.RETRY_DUE).now_is.state is State.PENDING


def test_people_are_never_stopped() -> None:
    assert not [event_type for _, event_type, decision in braked() if decision.postponed and event_type in WISHES]


def test_what_the_cluster_explains_does_not_count_towards_the_brake() -> None:
    assert unexplained(EventType.DEPLOY_LOST, running().now_is)
    assert not unexplained(EventType.DEPLOY_TIMEOUT, waiting_for_room().now_is)
    assert unexplained(EventType.INIT_TIMEOUT, initializing().now_is)
    told = initializing().then(EventType.DEPLOY_PROGRESSING)
    assert isinstance(sample(EventType.DEPLOY_PROGRESSING), Progress)
    assert not unexplained(EventType.INIT_TIMEOUT, told.now_is)
    assert not unexplained(EventType.DATABASE_TIMEOUT, running().now_is)


def test_a_late_timer_of_an_earlier_step_is_stale_and_not_kept() -> None:
    scenario = initializing()
    late = scenario.event(EventType.DEPLOY_TIMEOUT, TimerDue(after=180), step=scenario.now_is.step - 1)
    decision = decide(scenario.now_is, late, NOW, BRAKED)
    assert (decision.outcome, decision.postponed) == (Outcome.STALE, False)
