"""The edges of a retry, by a person or by the policy, and what is said of its outcome."""

import pytest

from schemas.payloads import RetryRequested
from schemas.requests import InstanceRequest, RequestChange
from schemas.types import EventType as E
from statemachine.decide import decide
from statemachine.states import State as S
from tests.unit.statemachine import scenario as given
from tests.unit.statemachine.scenario import Scenario
from tests.unit.statemachine.test_edges import check


def test_error_retry_requested_pending() -> None:
    change = RequestChange.model_validate({"cpu": "250m", "patience": "1h"})
    s = given.error().then(E.RETRY_REQUESTED, RetryRequested(change=change))
    check(s, S.PENDING, sent=[])
    assert (s.now_is.attempt, s.now_is.request.cpu, s.now_is.request.patience) == (2, "250m", 3600)
    assert s.now_is.request.memory == "1Gi"
    assert (s.now_is.status, s.now_is.provisioning_status) == ("creating", "pending")


def test_error_retry_due_pending() -> None:
    s = given.error_to_be_retried()
    [timer] = s.last.timers
    assert str(timer.event.actor) == "policy:retry"
    s.now = timer.due
    s.then(E.RETRY_DUE)
    check(s, S.PENDING, sent=[])
    assert (s.now_is.attempt, s.now_is.auto_retries, s.now_is.deadline_at) == (2, 1, None)
    assert s.now_is.verifying


def test_error_retry_due_pending_begins_a_job_of_its_own() -> None:
    s = given.error_to_be_retried()
    before, [timer] = s.now_is.job_id, s.last.timers
    after = decide(s.now_is, timer.event, timer.due, given.RETRYING).instance
    assert after is not None
    assert after.job_id == timer.event.id != before


def test_error_retry_due_pending_asks_for_the_same_but_the_patience() -> None:
    s = given.error_to_be_retried()
    given.with_values(s, request=InstanceRequest(cpu="2", patience=3600)).then(E.RETRY_DUE)
    assert (s.now_is.request.cpu, s.now_is.request.patience) == ("2", None)


def test_error_retry_due_same_when_the_policy_was_changed_meanwhile() -> None:
    s = given.error_to_be_retried()
    s.policy = given.POLICY
    check(s.then(E.RETRY_DUE), S.ERROR, sent=[])
    assert (s.now_is.attempt, s.now_is.deadline_at, s.timers()) == (1, None, {})


def test_error_cancel_requested_same() -> None:
    s = given.error_to_be_retried().then(E.CANCEL_REQUESTED)
    check(s, S.ERROR, sent=[])
    assert (s.last.drops_timers, s.timers(), s.now_is.deadline_at) == (True, {}, None)
    assert s.now_is.can_retry
    assert s.then(E.CANCEL_REQUESTED).last.why == "no retry is planned that could be cancelled"


def test_the_policy_waits_longer_each_time_and_then_leaves_it_to_a_person() -> None:
    s = given.error_to_be_retried()
    waits = [s.timers()["retry.due"]]
    while s.timers():
        s.then(E.RETRY_DUE)
        s = failed_for_room(s)
        waits.extend(s.timers().values())
    assert [30 <= waits[0] <= 60, 60 <= waits[1] <= 120, len(waits)] == [True, True, 2]
    assert (s.now_is.attempt, s.now_is.auto_retries, s.now_is.can_retry) == (3, 2, True)


def test_a_persons_retry_and_running_begin_the_count_anew() -> None:
    s = failed_for_room(given.error_to_be_retried().then(E.RETRY_DUE))
    assert s.now_is.auto_retries == 1
    by_hand = failed_for_room(s.then(E.RETRY_REQUESTED))
    assert (by_hand.now_is.auto_retries, "retry.due" in by_hand.timers()) == (0, True)
    again = given.error_to_be_retried().then(E.RETRY_DUE).then(E.PROVISION_ADMITTED).then(E.DATABASE_ALLOCATED)
    assert again.then(E.DEPLOY_READY).now_is.auto_retries == 0


def test_only_the_causes_that_the_policy_names_are_retried() -> None:
    s = given.waiting_for_room().then(E.DEPLOY_FAILED)
    s.policy = given.RETRYING
    check(s.then(E.CLEANUP_COMPLETED), S.ERROR)
    assert (s.timers(), s.now_is.deadline_at) == ({}, None)


def test_what_is_cancelled_while_it_is_cleaned_up_is_not_retried() -> None:
    s = given.cleaning_up().then(E.CANCEL_REQUESTED)
    s.policy = given.RETRYING
    assert s.then(E.CLEANUP_COMPLETED).timers() == {}


def test_a_hold_postpones_the_planned_retry_and_a_release_resumes_it() -> None:
    s = given.error_to_be_retried()
    planned = s.timers()["retry.due"]
    given.held(s.later(10)).then(E.RETRY_DUE)
    assert (s.last.why, s.now_is.state) == ("the instance is held; release it first", S.ERROR)
    s.later(5000).then(E.RELEASE_REQUESTED)
    assert s.timers() == {"retry.due": pytest.approx(planned - 10)}
    check(s.then(E.RETRY_DUE), S.PENDING)


def test_a_clean_up_that_ends_while_held_plans_the_retry_for_the_release() -> None:
    s = given.held(given.cleaning_up())
    s.policy = given.RETRYING
    s.then(E.CLEANUP_COMPLETED)
    assert (s.timers(), s.now_is.deadline_at is not None) == ({}, True)
    assert "retry.due" in s.later(5000).then(E.RELEASE_REQUESTED).timers()


def test_a_delete_ends_the_planned_retry() -> None:
    s = given.error_to_be_retried().then(E.DELETE_REQUESTED)
    assert s.last.drops_timers
    assert "retry.due" not in s.timers()


def failed_for_room(s: Scenario) -> Scenario:
    s.then(E.PROVISION_ADMITTED).then(E.DATABASE_ALLOCATED).then(E.DEPLOY_APPLIED).then(E.DEPLOY_PROGRESSING)
    return s.then(E.DEPLOY_TIMEOUT).then(E.CLEANUP_COMPLETED)


def test_a_retry_is_verified_when_it_has_passed_the_step_that_failed() -> None:
    s = given.error().then(E.RETRY_REQUESTED).then(E.PROVISION_ADMITTED).then(E.DATABASE_ALLOCATED)
    assert s.follow_ups() == []
    s.then(E.DEPLOY_SCHEDULED)
    assert s.follow_ups() == ["retry.verified"]
    assert s.then(E.DEPLOY_READY).follow_ups() == []


def test_a_retry_that_fails_again_says_so_when_it_is_clean() -> None:
    s = given.error().then(E.RETRY_REQUESTED).then(E.PROVISION_ADMITTED).then(E.DATABASE_ALLOCATED)
    s.then(E.DEPLOY_FAILED)
    assert s.follow_ups() == []
    assert s.then(E.CLEANUP_COMPLETED).follow_ups() == ["retry.failed"]


def test_a_retry_that_fails_again_says_so_though_the_next_one_was_asked_for_before_it_was_clean() -> None:
    s = given.error().then(E.RETRY_REQUESTED).then(E.PROVISION_ADMITTED).then(E.DATABASE_ALLOCATED)
    s.then(E.DEPLOY_FAILED)
    failed_job = s.now_is.job_id
    s.then(E.RETRY_REQUESTED)
    check(s, S.CLEANING_UP_BEFORE_RETRY)
    [told] = s.last.follow_ups
    assert (told.type, told.correlation_id) == (E.RETRY_FAILED, failed_job)
    s.then(E.CLEANUP_COMPLETED).then(E.PROVISION_ADMITTED).then(E.DATABASE_ALLOCATED)
    assert s.then(E.DEPLOY_SCHEDULED).follow_ups() == ["retry.verified"]
