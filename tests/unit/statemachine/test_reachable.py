"""What holds in every state that any sequence of events can reach; explored to the end, not sampled."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from schemas.codes import ErrorCode
from schemas.payloads import AdoptedObjects, AdoptRequested, DeleteRequested, Failure, TimerDue
from schemas.requests import Closed
from schemas.types import COMMANDS, WISHES, EventType
from statemachine.decide import decide
from statemachine.decision import Decision, Outcome
from statemachine.instance import Instance
from statemachine.states import HAS_RUN, MEANINGS, State
from statemachine.table import EDGES
from tests.unit.statemachine.scenario import IN_STATE, NOW, POLICY, RETRYING, Scenario, sample

RETRIED = replace(RETRYING, retry_attempts=1)
BY_A_PERSON = {EventType.DELETE_REQUESTED, EventType.PURGE_DUE}
DECIDED = [event for event in EventType if event not in COMMANDS]


def essence(instance: Instance | None) -> tuple[object, ...]:
    """All that a decision can depend on; counters and times do not tell two instances apart."""
    if instance is None:
        return ()
    return (
        instance.state,
        instance.has_run,
        instance.held,
        instance.avertable,
        instance.verifying,
        instance.failed_state,
        instance.failed_by,
        instance.init_began,
        instance.cause is not None,
        instance.applied_at is not None,
        instance.deadline_at is not None,
        min(instance.overdue, 1),
        instance.waiting_job_id is not None,
        instance.error_code is not None,
        instance.error_code in RETRIED.retry_causes,
        instance.auto_retries,
    )


def variants(event_type: EventType, instance: Instance | None) -> Iterator[Closed]:
    """Every payload of a type that can make a difference."""
    yield sample(event_type, instance)
    if event_type is EventType.DELETE_REQUESTED:
        yield DeleteRequested(now=True)
    elif event_type is EventType.ADOPT_REQUESTED:
        for found in ("degraded", "stopped", "error"):
            for never in (True, False):
                yield AdoptRequested(customer_id="acme", name="shop", found=found, never_initialised=never)
        left = AdoptedObjects(deployment="odoo-shop")
        yield AdoptRequested(customer_id="acme", name="shop", found="error", never_initialised=True, objects=left)
    elif event_type is EventType.DEPLOY_FAILED:
        yield Failure(error_code=ErrorCode.DATA_MISSING, error_message="the volume is gone")
    elif event_type is EventType.STEP_OVERDUE:
        yield TimerDue(after=60, count=99)


@cache
def explored() -> list[tuple[Instance | None, EventType, Decision]]:
    """Every decision in every reachable state: (before, event, decision)."""
    seen: set[tuple[object, ...]] = set()
    queue: list[Instance | None] = [None]
    found: list[tuple[Instance | None, EventType, Decision]] = []
    while queue:
        before = queue.pop()
        if essence(before) in seen:
            continue
        seen.add(essence(before))
        for event_type in DECIDED:
            for data in variants(event_type, before):
                decision = _decided(before, event_type, data)
                found.append((before, event_type, decision))
                queue.append(decision.instance)
    return found


def _decided(before: Instance | None, event_type: EventType, data: Closed) -> Decision:
    """With what follows from it in the same transaction."""
    scenario = Scenario(before)
    decision = decide(before, scenario.event(event_type, data), NOW + timedelta(seconds=1), RETRIED)
    for follow_up in decision.follow_ups:
        after = decide(decision.instance, follow_up, NOW + timedelta(seconds=1), RETRIED)
        assert after.outcome is Outcome.APPLIED
        decision = replace(decision, instance=after.instance)
    return decision


def applied() -> list[tuple[Instance | None, EventType, Decision, Instance]]:
    return [(b, e, d, d.instance) for b, e, d in explored() if d.outcome is Outcome.APPLIED and d.instance is not None]


def test_the_exploration_reaches_every_state_and_every_edge() -> None:
    reached = {(before.state if before else State.NONE, event, after.state) for before, event, _, after in applied()}
    assert {after for _, _, after in reached} == set(MEANINGS)
    for edge in EDGES:
        for source in edge.sources:
            if source is State.DELETED:
                continue
            dest = edge.dest or source
            assert (source, edge.event, dest) in reached or _rejects(edge.event, source), (source, edge.event, dest)


def _rejects(event: EventType, source: State) -> bool:
    """The one edge whose effect is to refuse: a cancelled attempt that turned ready."""
    return any(
        e is event and b is not None and b.state is source and d.outcome is Outcome.REJECTED and d.sends
        for b, e, d in explored()
    )


def test_what_has_run_is_removed_only_after_a_persons_delete() -> None:
    for before, event, decision, after in applied():
        sends = {command.type for command in decision.sends}
        if before is not None and before.has_run:
            assert after.has_run, "it is set for ever"
            assert EventType.CLEANUP_RUN not in sends, (before.state, event)
            if before.state is not State.DELETING and after.state is State.DELETING:
                assert event in BY_A_PERSON, (before.state, event)
                assert event is EventType.DELETE_REQUESTED or before.state is State.TRASHED
        if EventType.DELETE_RUN in sends:
            assert after.state is State.DELETING, (before, event)


def test_has_run_and_state_always_agree() -> None:
    for _, event, _, after in applied():
        if after.state in HAS_RUN:
            assert after.has_run, (event, after.state)
        elif after.state not in (State.DELETING, State.DELETED):
            assert not after.has_run, (event, after.state)


def test_only_a_fresh_delete_leads_to_the_trash_and_only_from_what_ran() -> None:
    for before, event, _, after in applied():
        if after.state is State.TRASHED and (before is None or before.state is not State.TRASHED):
            assert event is EventType.DELETE_REQUESTED
            assert before is not None
            assert before.has_run


def test_no_reachable_state_is_stuck() -> None:
    """Whatever is in motion has a command that is repeated, or a deadline; what is held waits for a person."""
    for before, event, decision, after in applied():
        entered = before is None or before.step != after.step
        if not entered or after.held:
            continue
        timers = {timer.event.type for timer in decision.timers}
        meaning = MEANINGS[after.state]
        if meaning.repeats:
            assert EventType.STEP_OVERDUE in timers, (event, after.state)
        if meaning.deadline:
            assert meaning.deadline in timers, (event, after.state)


def test_what_the_policy_names_is_retried_until_it_was_often_enough_or_a_person_cancelled() -> None:
    for before, event, decision, after in applied():
        timers = {timer.event.type for timer in decision.timers}
        assert after.auto_retries <= RETRIED.retry_attempts
        if EventType.RETRY_DUE in timers:
            assert after.state is State.ERROR
            assert RETRIED.retries(after)
        elif event is EventType.CLEANUP_COMPLETED and after.state is State.ERROR and not after.held:
            assert not RETRIED.retries(after)
        if after.state is State.ERROR and after.deadline_at is not None:
            assert after.avertable, (before, event)


def test_every_command_and_timer_carries_the_step_it_belongs_to() -> None:
    for _, event, decision, after in applied():
        for sent in (*decision.sends, *(timer.event for timer in decision.timers)):
            job = sent.id if sent.type is EventType.RETRY_DUE else after.job_id
            assert (sent.step, sent.attempt, sent.correlation_id) == (after.step, after.attempt, job), event


def test_the_two_words_are_one_of_the_pairs_that_make_sense() -> None:
    pairs = {(after.status, after.provisioning_status) for _, _, _, after in applied()}
    assert ("error", "provisioning") not in pairs
    assert {provisioning for status, provisioning in pairs if status == "error"} == {"failed"}
    assert {provisioning for status, provisioning in pairs if status == "creating"} == {"pending", "provisioning"}
    assert {p for status, p in pairs if status not in ("error", "creating")} == {"completed"}


def test_failing_always_says_why() -> None:
    for _, event, _, after in applied():
        if after.state in (State.CLEANING_UP, State.CLEANING_UP_BEFORE_RETRY):
            assert after.error_code, event
            assert after.error_message, event


def test_deciding_does_not_change_what_it_was_given() -> None:
    for state, make in IN_STATE.items():
        if state is State.NONE:
            continue
        scenario = make()
        kept = replace(scenario.now_is)
        for event_type in DECIDED:
            decide(scenario.now_is, scenario.event(event_type), NOW, POLICY)
        assert scenario.now_is == kept


def test_deciding_again_says_the_same() -> None:
    """Ids and times included: a replay compares them."""
    for before, event_type, _ in explored():
        data = sample(event_type, before)
        assert _decided(before, event_type, data) == _decided(before, event_type, data)


FORBIDDEN = [
    (state, event)
    for state in State
    for event in DECIDED
    if not any(state in edge.sources and edge.event is event for edge in EDGES)
]


@pytest.mark.parametrize(("state", "event"), FORBIDDEN, ids=lambda value: str(value))
def test_a_pair_that_the_table_does_not_have_is_rejected(state: State, event: EventType) -> None:
    scenario = IN_STATE[state]()
    before = scenario.instance
    scenario.then(event)
    assert scenario.last.outcome is Outcome.REJECTED
    assert scenario.last.why
    assert scenario.last.instance == before
    assert not scenario.last.sends
    assert not scenario.last.timers


@pytest.mark.parametrize("event", [e for e in DECIDED if e not in WISHES])
@pytest.mark.parametrize("state", list(MEANINGS))
def test_an_event_of_an_earlier_step_is_stale_everywhere(state: State, event: EventType) -> None:
    scenario = IN_STATE[state]()
    before = scenario.now_is
    scenario.then(event, step=before.step - 1)
    assert scenario.last.outcome is Outcome.STALE
    assert scenario.last.instance == before
