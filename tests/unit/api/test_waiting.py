"""The one line "why": every state that waits has one, with the event, the cause, the deadline and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest

from api.presenter import instance_view
from api.queries import Status
from api.waiting import waiting as waiting_under
from schemas.codes import ErrorCode
from schemas.requests import InstanceRequest
from schemas.views import Waiting
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import MEANINGS, State

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AT_REST = {State.RUNNING, State.STOPPED, State.DELETED}


def _instance(state: State, **changes: object) -> Instance:
    made = Instance(
        id=UUID(int=1),
        customer_id="acme",
        name="shop",
        request=InstanceRequest(),
        job_id=UUID(int=2),
        created_at=NOW,
        state=state,
        state_since=NOW,
        attempt=1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of the test's choice


def waiting(instance: Instance, policy: Policy = Policy()) -> Waiting | None:  # noqa: B008  # frozen
    return waiting_under(instance, policy)


@pytest.mark.parametrize("state", list(MEANINGS))
def test_every_state_that_waits_says_what_for(state: State) -> None:
    found = waiting(_instance(state))
    assert (found is None) == (state in AT_REST)
    if found is not None:
        assert found.line == f"waits for {found.awaited}; next: {found.next}"
        assert found.next


def test_the_line_holds_event_cause_deadline_and_what_follows() -> None:
    found = waiting(
        _instance(
            State.DEPLOYING,
            applied_at=NOW,
            deadline_at=NOW + timedelta(seconds=180),
            cause="0/1 nodes are available: 1 Insufficient cpu.",
            cause_code=ErrorCode.INSUFFICIENT_RESOURCES,
        )
    )
    assert found is not None
    assert found.deadline_at == NOW + timedelta(seconds=180)
    assert found.line == (
        "waits for deploy.scheduled (0/1 nodes are available: 1 Insufficient cpu); next: Odoo is initialised on the "
        "node that takes it; at 2026-11-24 12:03:00 UTC it is cleaned up and reported as failed"
    )


def test_before_the_cluster_has_accepted_it_that_is_what_is_awaited() -> None:
    for state in (State.DEPLOYING, State.STARTING):
        before = waiting(_instance(state))
        assert before is not None
        assert before.awaited == "deploy.applied"
        after = waiting(_instance(state, applied_at=NOW))
        assert after is not None
        assert after.awaited != "deploy.applied"


def test_what_is_held_has_no_deadline() -> None:
    found = waiting(_instance(State.DEPLOYING, applied_at=NOW, deadline_at=NOW, held_at=NOW))
    assert found is not None
    assert found.deadline_at is None
    assert "until it is released" in found.line


def test_an_error_is_the_cause_of_waiting_for_a_person() -> None:
    found = waiting(_instance(State.ERROR, error_message="It did not fit."))
    assert found is not None
    assert (found.awaited, found.cause) == ("retry.requested", "It did not fit.")


RETRYING = Policy(retry_causes=(ErrorCode.INSUFFICIENT_RESOURCES,), retry_attempts=5)
SHORT = {"error_code": ErrorCode.INSUFFICIENT_RESOURCES, "error_message": "It did not fit."}


def test_a_planned_retry_says_when_it_comes_and_how_many_there_are() -> None:
    found = waiting(_instance(State.ERROR, auto_retries=1, deadline_at=NOW, **SHORT), RETRYING)
    assert found is not None
    assert found.deadline_at == NOW
    assert found.line == (
        "waits for retry.due (It did not fit); next: at 2026-11-24 12:00:00 UTC it is retried automatically (2 of 5); "
        "a retry begins at once, a cancel ends it"
    )


def test_a_planned_retry_waits_while_it_is_held() -> None:
    found = waiting(_instance(State.ERROR, deadline_at=NOW, held_at=NOW, **SHORT), RETRYING)
    assert found is not None
    assert (found.awaited, found.deadline_at) == ("retry.due", None)
    assert "until it is released" in found.line


def test_what_was_retried_often_enough_waits_for_a_person_and_says_so() -> None:
    found = waiting(_instance(State.ERROR, auto_retries=5, **SHORT), RETRYING)
    assert found is not None
    assert found.awaited == "retry.requested"
    assert "retried automatically 5x" in found.next


def test_a_clean_up_says_that_a_retry_follows_only_where_one_does() -> None:
    before = waiting(_instance(State.CLEANING_UP, **SHORT), RETRYING)
    cancelled = waiting(_instance(State.CLEANING_UP, avertable=False, **SHORT), RETRYING)
    assert before is not None
    assert cancelled is not None
    assert "to be retried automatically (1 of 5)" in before.next
    assert "automatically" not in cancelled.next


def test_the_trash_says_until_when_it_can_be_restored() -> None:
    found = waiting(_instance(State.TRASHED, deadline_at=NOW + timedelta(days=7)))
    assert found is not None
    assert "2026-12-01" in found.line
    assert "restored" in found.line


def test_the_view_shows_what_the_state_means() -> None:
    for state, meaning in MEANINGS.items():
        view = instance_view(_instance(state), Policy())
        assert (view.status, view.provisioning_status) == (meaning.status, meaning.provisioning_status)
        assert view.can_retry == (state in (State.ERROR, State.CLEANING_UP))


def test_the_list_can_be_narrowed_to_every_status_there_is() -> None:
    assert set(get_args(Status)) == {meaning.status for meaning in MEANINGS.values()}
