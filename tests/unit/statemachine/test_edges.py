"""Every edge of the state table, by its name; `test_names` holds this file against the table."""

import pytest

from schemas.codes import ErrorCode
from schemas.payloads import AdoptRequested, DeleteRequested, TimerDue
from schemas.requests import InstanceRequest
from schemas.types import EventType as E
from statemachine.decision import Outcome
from statemachine.states import State as S
from tests.unit.statemachine import scenario as given
from tests.unit.statemachine.scenario import Scenario

NOW_DELETE = DeleteRequested(now=True)


def adopt(found: str, **more: object) -> Scenario:
    data = AdoptRequested.model_validate({"customer_id": "acme", "name": "shop", "found": found, **more})
    return Scenario().then(E.ADOPT_REQUESTED, data)


def check(scenario: Scenario, state: S, *, sent: list[str] | None = None) -> None:
    assert scenario.last.outcome is Outcome.APPLIED, scenario.last.why
    assert scenario.now_is.state is state
    if sent is not None:
        assert scenario.sent() == sent


def test_none_provision_requested_pending() -> None:
    s = given.provisioned()
    check(s, S.PENDING, sent=[])
    assert (s.now_is.attempt, s.now_is.step, s.now_is.queued_at) == (1, 1, given.NOW)


def test_none_adopt_requested_running() -> None:
    s = adopt("running")
    check(s, S.RUNNING, sent=[])
    assert s.now_is.has_run


def test_none_adopt_requested_degraded() -> None:
    s = adopt("error")
    check(s, S.DEGRADED, sent=["deploy.apply"])
    assert s.now_is.has_run
    check(adopt("degraded"), S.DEGRADED)


def test_none_adopt_requested_stopped() -> None:
    s = adopt("stopped")
    check(s, S.STOPPED, sent=[])
    assert s.now_is.has_run


def test_none_adopt_requested_cleaning_up() -> None:
    s = adopt("error", never_initialised=True, objects={"deployment": "odoo-shop"}, error_code="timeout")
    check(s, S.CLEANING_UP, sent=["cleanup.run"])
    assert not s.now_is.has_run
    assert s.now_is.adopted is not None
    assert s.now_is.adopted.deployment == "odoo-shop"
    s.then(E.CLEANUP_COMPLETED).then(E.RETRY_REQUESTED)
    check(s, S.PENDING)
    assert s.now_is.adopted is None, "the next attempt makes objects of its own"


def test_none_adopt_requested_error() -> None:
    s = adopt("error", never_initialised=True, error_message="stuck")
    check(s, S.ERROR, sent=[])
    assert not s.now_is.has_run
    assert s.now_is.error_message == "stuck"


def test_pending_provision_admitted_allocating_database() -> None:
    s = given.allocating()
    check(s, S.ALLOCATING_DATABASE, sent=["database.allocate"])
    assert s.timers() == {"step.overdue": 60.0, "database.timeout": 300.0}


def test_allocating_database_database_allocated_deploying() -> None:
    s = given.deploying()
    check(s, S.DEPLOYING, sent=["deploy.apply"])
    assert s.now_is.database is not None
    assert s.now_is.database.database == "d"
    assert s.timers() == {"step.overdue": 60.0}, "the deadline starts only when the cluster has accepted it"


def test_allocating_database_database_failed_cleaning_up() -> None:
    s = given.allocating().then(E.DATABASE_FAILED)
    check(s, S.CLEANING_UP, sent=["cleanup.run"])
    assert s.now_is.error_message == "all servers are full"


def test_allocating_database_database_timeout_cleaning_up() -> None:
    s = given.allocating().then(E.DATABASE_TIMEOUT, TimerDue(after=300))
    check(s, S.CLEANING_UP, sent=["cleanup.run"])
    assert s.now_is.error_code is ErrorCode.DATABASE_UNAVAILABLE
    assert s.now_is.error_message == "The database was not allocated within 300 s."


def test_allocating_database_cancel_requested_cleaning_up() -> None:
    s = given.allocating().then(E.CANCEL_REQUESTED)
    check(s, S.CLEANING_UP, sent=["cleanup.run"])
    assert (s.now_is.error_code, s.now_is.error_message) == (ErrorCode.CANCELLED, "Cancelled by alice.")


def test_deploying_deploy_applied_same() -> None:
    s = given.deploying()
    step = s.now_is.step
    s.then(E.DEPLOY_APPLIED)
    check(s, S.DEPLOYING, sent=[])
    assert s.now_is.step == step
    assert s.timers() == {"deploy.timeout": 180.0}
    assert s.last.drops_timers


def test_deploying_deploy_applied_same_with_patience() -> None:
    s = given.provisioned(InstanceRequest.model_validate({"patience": "24h"}))
    s.then(E.PROVISION_ADMITTED).then(E.DATABASE_ALLOCATED).then(E.DEPLOY_APPLIED)
    assert s.timers() == {"deploy.timeout": 86_400.0}


def test_deploying_deploy_applied_same_twice_keeps_the_deadline() -> None:
    s = given.deploying().then(E.DEPLOY_APPLIED).later(100).then(E.DEPLOY_APPLIED)
    assert s.timers() == {"deploy.timeout": 80.0}


def test_starting_deploy_applied_same() -> None:
    s = given.starting().then(E.DEPLOY_APPLIED)
    check(s, S.STARTING, sent=[])
    assert s.timers() == {"deploy.timeout": 180.0}


@pytest.mark.parametrize("state", [S.DEPLOYING, S.INITIALIZING, S.STARTING, S.DEGRADED])
def test_deploying_initializing_starting_degraded_deploy_progressing_same(state: S) -> None:
    s = given.IN_STATE[state]()
    step = s.now_is.step
    s.then(E.DEPLOY_PROGRESSING)
    check(s, state, sent=[])
    assert (s.now_is.cause, s.now_is.step) == (given.NO_ROOM, step)


def test_the_same_cause_again_is_not_recorded() -> None:
    s = given.deploying().then(E.DEPLOY_PROGRESSING)
    assert s.last.recorded
    assert not s.then(E.DEPLOY_PROGRESSING).last.recorded


def test_deploying_deploy_scheduled_initializing() -> None:
    s = given.initializing()
    check(s, S.INITIALIZING, sent=[])
    assert s.timers() == {"init.timeout": 900.0}
    assert s.last.drops_timers
    assert s.now_is.init_began


@pytest.mark.parametrize("state", [S.DEPLOYING, S.INITIALIZING, S.DEGRADED, S.STARTING])
def test_deploying_initializing_degraded_starting_deploy_ready_running(state: S) -> None:
    s = given.IN_STATE[state]().then(E.DEPLOY_READY)
    check(s, S.RUNNING, sent=[])
    assert s.now_is.has_run
    assert s.now_is.cause is None


@pytest.mark.parametrize("state", [S.DEPLOYING, S.INITIALIZING])
@pytest.mark.parametrize("event", [E.DEPLOY_FAILED, E.DEPLOY_TIMEOUT, E.INIT_TIMEOUT, E.CANCEL_REQUESTED])
def test_deploying_initializing_failure_cleaning_up(state: S, event: E) -> None:
    s = given.IN_STATE[state]().then(event)
    check(s, S.CLEANING_UP, sent=["cleanup.run"])
    assert s.now_is.error_message
    assert s.now_is.failed_state is state
    assert s.now_is.avertable is (event is not E.CANCEL_REQUESTED)


def test_the_sentence_of_a_timeout_holds_the_clusters_reason() -> None:
    instance = given.cleaning_up().now_is
    assert instance.error_message == f"Deployment did not become ready within 180 s: {given.NO_ROOM}"
    assert instance.error_code is ErrorCode.INSUFFICIENT_RESOURCES


def test_cleaning_up_deploy_scheduled_initializing() -> None:
    s = given.cleaning_up().then(E.DEPLOY_SCHEDULED)
    check(s, S.INITIALIZING)
    assert s.timers() == {"init.timeout": 900.0}
    assert s.now_is.error_message is None


def test_cleaning_up_deploy_scheduled_is_rejected_after_another_failure() -> None:
    s = given.waiting_for_room().then(E.DEPLOY_FAILED).then(E.DEPLOY_SCHEDULED)
    assert (s.last.outcome, s.now_is.state) == (Outcome.REJECTED, S.CLEANING_UP)


def test_pending_cancel_requested_error() -> None:
    s = given.provisioned().then(E.CANCEL_REQUESTED)
    check(s, S.ERROR, sent=[])
    assert s.now_is.error_code is ErrorCode.CANCELLED


@pytest.mark.parametrize("state", [S.CLEANING_UP, S.CLEANING_UP_BEFORE_RETRY])
def test_cleaning_up_cleaning_up_before_retry_cleanup_averted_running(state: S) -> None:
    s = given.IN_STATE[state]().then(E.CLEANUP_AVERTED)
    check(s, S.RUNNING, sent=[])
    assert s.now_is.has_run
    assert (s.now_is.error_code, s.now_is.error_message, s.now_is.waiting_job_id) == (None, None, None)


def test_cleaning_up_cleaning_up_before_retry_cleanup_averted_same_after_a_cancel() -> None:
    s = given.cleaning_up().then(E.CANCEL_REQUESTED).then(E.CLEANUP_AVERTED)
    assert (s.last.outcome, s.now_is.state) == (Outcome.REJECTED, S.CLEANING_UP)
    assert s.sent() == ["cleanup.run"]


def test_cleaning_up_cancel_requested_same() -> None:
    s = given.cleaning_up().then(E.CANCEL_REQUESTED)
    check(s, S.CLEANING_UP, sent=[])
    assert not s.now_is.avertable


def test_cleaning_up_cleanup_completed_error() -> None:
    s = given.error()
    check(s, S.ERROR, sent=[])
    assert s.timers() == {}
    assert s.now_is.can_retry


def test_cleaning_up_retry_requested_cleaning_up_before_retry() -> None:
    s = given.cleaning_up_before_retry()
    check(s, S.CLEANING_UP_BEFORE_RETRY, sent=["cleanup.run"])
    assert s.now_is.waiting_job_id is not None
    assert (s.now_is.status, s.now_is.provisioning_status) == ("creating", "pending")


def test_cleaning_up_before_retry_cancel_requested_cleaning_up() -> None:
    s = given.cleaning_up_before_retry().then(E.CANCEL_REQUESTED)
    check(s, S.CLEANING_UP)
    assert not s.now_is.avertable
    assert s.now_is.waiting_job_id is None


def test_cleaning_up_before_retry_cleanup_completed_pending() -> None:
    s = given.cleaning_up_before_retry()
    job = s.now_is.waiting_job_id
    s.then(E.CLEANUP_COMPLETED)
    check(s, S.PENDING, sent=[])
    assert (s.now_is.attempt, s.now_is.job_id) == (2, job)


def test_running_deploy_lost_degraded() -> None:
    s = given.degraded()
    check(s, S.DEGRADED, sent=["deploy.apply"])
    assert s.now_is.cause == "the Deployment is gone"


def test_degraded_deploy_failed_same() -> None:
    s = given.degraded().then(E.DEPLOY_FAILED)
    check(s, S.DEGRADED, sent=[])
    assert (s.now_is.cause, s.now_is.cause_code) == ("no such image", ErrorCode.IMAGE_PULL)


@pytest.mark.parametrize("state", [S.RUNNING, S.DEGRADED, S.STARTING])
def test_running_degraded_starting_stop_requested_stopping(state: S) -> None:
    check(given.IN_STATE[state]().then(E.STOP_REQUESTED), S.STOPPING, sent=["deploy.stop"])


def test_stopping_stop_completed_stopped() -> None:
    check(given.stopped(), S.STOPPED, sent=[])


@pytest.mark.parametrize("state", [S.STOPPED, S.DEGRADED])
def test_stopped_degraded_start_requested_starting(state: S) -> None:
    check(given.IN_STATE[state]().then(E.START_REQUESTED), S.STARTING, sent=["deploy.apply"])


@pytest.mark.parametrize("event", [E.DEPLOY_FAILED, E.DEPLOY_TIMEOUT, E.CANCEL_REQUESTED])
def test_starting_failure_degraded(event: E) -> None:
    s = given.starting().then(event)
    check(s, S.DEGRADED, sent=["deploy.apply"])
    assert s.now_is.cause
    assert s.now_is.has_run


@pytest.mark.parametrize("state", [S.RUNNING, S.DEGRADED, S.STOPPING, S.STOPPED, S.STARTING])
def test_ran_delete_requested_trashed(state: S) -> None:
    s = given.IN_STATE[state]().then(E.DELETE_REQUESTED)
    check(s, S.TRASHED, sent=["deploy.stop"])
    assert s.timers()["purge.due"] == 7 * 86_400


@pytest.mark.parametrize("state", [S.RUNNING, S.DEGRADED, S.STOPPING, S.STOPPED, S.STARTING])
def test_ran_delete_requested_deleting_with_now(state: S) -> None:
    check(given.IN_STATE[state]().then(E.DELETE_REQUESTED, NOW_DELETE), S.DELETING, sent=["delete.run"])


NEVER_RAN = [
    S.PENDING,
    S.ALLOCATING_DATABASE,
    S.DEPLOYING,
    S.INITIALIZING,
    S.CLEANING_UP,
    S.CLEANING_UP_BEFORE_RETRY,
    S.ERROR,
]


@pytest.mark.parametrize("state", NEVER_RAN)
def test_never_ran_delete_requested_deleting(state: S) -> None:
    check(given.IN_STATE[state]().then(E.DELETE_REQUESTED), S.DELETING, sent=["delete.run"])


def test_trashed_stop_completed_same() -> None:
    s = given.trashed().later(10).then(E.STOP_COMPLETED)
    check(s, S.TRASHED, sent=[])
    assert s.timers() == {"purge.due": 7 * 86_400 - 10}


def test_trashed_restore_requested_stopping() -> None:
    check(given.trashed().then(E.RESTORE_REQUESTED), S.STOPPING, sent=["deploy.stop"])


def test_trashed_purge_due_deleting() -> None:
    check(given.trashed().then(E.PURGE_DUE), S.DELETING, sent=["delete.run"])


def test_trashed_delete_requested_deleting_with_now() -> None:
    check(given.trashed().then(E.DELETE_REQUESTED, NOW_DELETE), S.DELETING, sent=["delete.run"])
    again = given.trashed().then(E.DELETE_REQUESTED)
    assert (again.last.outcome, again.now_is.state) == (Outcome.REJECTED, S.TRASHED)


def test_deleting_delete_completed_deleted() -> None:
    check(given.deleted(), S.DELETED, sent=[])


TRANSITIONAL = [
    S.ALLOCATING_DATABASE,
    S.DEPLOYING,
    S.DEGRADED,
    S.CLEANING_UP,
    S.CLEANING_UP_BEFORE_RETRY,
    S.STOPPING,
    S.STARTING,
    S.TRASHED,
    S.DELETING,
]


@pytest.mark.parametrize("state", TRANSITIONAL)
def test_transitional_step_overdue_same(state: S) -> None:
    s = given.IN_STATE[state]()
    step, entered = s.now_is.step, s.now_is.state
    s.then(E.STEP_OVERDUE)
    check(s, entered)
    assert (s.now_is.step, len(s.sent()), s.last.recorded) == (step, 1, True)
    assert s.timers() == {"step.overdue": 120.0}
    s.then(E.STEP_OVERDUE)
    assert (s.last.recorded, s.timers()) == (False, {"step.overdue": 240.0})


def test_a_redelivered_overdue_does_not_double_the_repetition() -> None:
    s = given.cleaning_up()
    first = TimerDue(after=60, count=1)
    s.then(E.STEP_OVERDUE, first).then(E.STEP_OVERDUE, first)
    assert s.last.outcome is Outcome.REJECTED
    assert s.sent() == []


@pytest.mark.parametrize("event", [E.RETRY_VERIFIED, E.RETRY_FAILED])
@pytest.mark.parametrize("state", [*given.EXISTING, S.DELETED])
def test_existing_retry_outcome_same(state: S, event: E) -> None:
    check(given.IN_STATE[state]().then(event), state, sent=[])


@pytest.mark.parametrize("state", [*given.EXISTING, S.DELETED], ids=str)
def test_existing_admin_password_revealed_same(state: S) -> None:
    s = given.IN_STATE[state]()
    before = s.now_is
    check(s.then(E.ADMIN_PASSWORD_REVEALED), state, sent=[])
    assert s.now_is == before
    assert s.last.recorded
    assert not s.last.drops_timers


def test_stop_start_stop_with_the_first_answer_last() -> None:
    s = given.stopping()
    first_step = s.now_is.step
    s.then(E.STOP_COMPLETED).then(E.START_REQUESTED).then(E.STOP_REQUESTED)
    s.then(E.STOP_COMPLETED, step=first_step)
    assert (s.last.outcome, s.now_is.state) == (Outcome.STALE, S.STOPPING)
