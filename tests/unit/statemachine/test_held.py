"""What a hold holds back and a release resumes: deadlines, timers, admission, healing, purge."""

from collections.abc import Callable

import pytest

from schemas.types import EventType as E
from statemachine.decision import Outcome
from statemachine.states import State as S
from tests.unit.statemachine import scenario as given
from tests.unit.statemachine.test_edges import check

COMMANDS = {
    S.ALLOCATING_DATABASE: ["database.allocate"],
    S.DEPLOYING: ["deploy.apply"],
    S.DEGRADED: ["deploy.apply"],
    S.STARTING: ["deploy.apply"],
    S.CLEANING_UP: ["cleanup.run"],
    S.CLEANING_UP_BEFORE_RETRY: ["cleanup.run"],
    S.STOPPING: ["deploy.stop"],
    S.TRASHED: ["deploy.stop"],
    S.DELETING: ["delete.run"],
}
"""What a release sends again; in any other state there is nothing to do."""


@pytest.mark.parametrize("state", given.EXISTING)
def test_existing_hold_requested_same(state: S) -> None:
    s = given.IN_STATE[state]()
    step = s.now_is.step
    s.then(E.HOLD_REQUESTED)
    check(s, state, sent=[])
    assert (s.now_is.held, s.now_is.step, s.last.drops_timers) == (True, step, True)
    assert s.then(E.HOLD_REQUESTED).last.outcome is Outcome.REJECTED


@pytest.mark.parametrize("state", given.EXISTING)
def test_existing_release_requested_same(state: S) -> None:
    s = given.held(given.IN_STATE[state]()).later(1000).then(E.RELEASE_REQUESTED)
    check(s, state)
    assert not s.now_is.held
    assert s.sent() == COMMANDS.get(state, [])
    assert s.then(E.RELEASE_REQUESTED).last.outcome is Outcome.REJECTED


def test_a_deadline_stands_still_while_held() -> None:
    s = given.held(given.waiting_for_room().later(100)).later(5000).then(E.RELEASE_REQUESTED)
    assert s.timers()["deploy.timeout"] == 80.0
    trashed = given.held(given.trashed().later(86_400)).later(99_999).then(E.RELEASE_REQUESTED)
    assert trashed.timers()["purge.due"] == 6 * 86_400


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (S.PENDING, E.PROVISION_ADMITTED),
        (S.ALLOCATING_DATABASE, E.DATABASE_FAILED),
        (S.ALLOCATING_DATABASE, E.DATABASE_TIMEOUT),
        (S.DEPLOYING, E.DEPLOY_TIMEOUT),
        (S.INITIALIZING, E.INIT_TIMEOUT),
        (S.STARTING, E.DEPLOY_TIMEOUT),
        (S.TRASHED, E.PURGE_DUE),
    ],
)
def test_what_a_hold_holds_back(state: S, event: E) -> None:
    s = given.held(given.IN_STATE[state]()).then(event)
    assert (s.last.outcome, s.now_is.state) == (Outcome.REJECTED, state)
    assert s.last.why == "the instance is held; release it first"


@pytest.mark.parametrize("state", [S.DEPLOYING, S.INITIALIZING, S.STARTING])
def test_deploying_initializing_starting_deploy_failed_same_while_held(state: S) -> None:
    s = given.held(given.IN_STATE[state]()).then(E.DEPLOY_FAILED)
    check(s, state, sent=[])
    assert s.now_is.cause == "no such image"


@pytest.mark.parametrize("commanded", [given.deploying, given.starting])
def test_a_command_that_is_done_is_not_repeated_while_held(commanded: Callable[[], given.Scenario]) -> None:
    out = given.held(commanded())
    assert (out.now_is.left_alone, set(out.timers())) == (False, {"step.overdue"})
    done = given.held(commanded().then(E.DEPLOY_APPLIED))
    assert (done.now_is.left_alone, done.timers()) == (True, {})
    released = done.later(5000).then(E.RELEASE_REQUESTED)
    assert (released.sent(), set(released.timers())) == (["deploy.apply"], {"step.overdue", "deploy.timeout"})


@pytest.mark.parametrize("state", given.EXISTING)
def test_nothing_is_left_alone_that_nobody_holds(state: S) -> None:
    s = given.IN_STATE[state]()
    assert not s.now_is.left_alone
    assert not given.held(s).then(E.RELEASE_REQUESTED).now_is.left_alone


def test_what_is_lost_while_held_is_shown_and_not_healed() -> None:
    s = given.held(given.running()).then(E.DEPLOY_LOST)
    check(s, S.DEGRADED, sent=[])
    assert s.timers() == {}
