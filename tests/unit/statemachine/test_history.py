"""What was pending and what had been observed at a row, from the rows up to it."""

from uuid import uuid4

from schemas.events import Event, wish
from schemas.payloads import DatabaseAllocated, ProvisionRequested
from schemas.requests import Closed
from schemas.types import EventType as E
from statemachine.history import Past, past
from tests.unit.statemachine.scenario import ALICE, INSTANCE, NOW, SAMPLES, sample
from tests.unit.statemachine.test_fold import Trail

DATABASE = DatabaseAllocated(db_server_id="s", host="h", port=5432, database="d", username="u")


def after(*types: E) -> Past:
    """What is seen after a provision.requested and these, each of the step that it met."""
    trail = Trail()
    data = ProvisionRequested(customer_id="acme", name="shop")
    trail.take(wish(E.PROVISION_REQUESTED, INSTANCE, ALICE, NOW, data))
    for event_type in types:
        trail.take(_event(trail, event_type))
    found = past(trail.folded())
    assert found is not None
    return found


def _event(trail: Trail, event_type: E) -> Event:
    instance = trail.instance
    assert instance is not None
    if event_type.endswith(".requested"):
        return wish(event_type, INSTANCE, ALICE, NOW)
    data: Closed = SAMPLES.get(event_type) or sample(event_type, instance)
    at = {"attempt": instance.attempt, "step": instance.step, "correlation_id": instance.job_id}
    return Event(uuid4(), event_type, INSTANCE, NOW, ALICE, data, **at)  # type: ignore[arg-type]


def pending(found: Past) -> list[E]:
    return [each.event.type for each in found.pending]


def test_nothing_is_seen_of_no_rows() -> None:
    assert past([]) is None


def test_what_was_sent_and_set_is_pending_until_it_is_answered() -> None:
    assert pending(after(E.PROVISION_ADMITTED)) == [E.DATABASE_ALLOCATE, E.STEP_OVERDUE, E.DATABASE_TIMEOUT]
    assert pending(after(E.PROVISION_ADMITTED, E.DATABASE_ALLOCATED)) == [E.DEPLOY_APPLY, E.STEP_OVERDUE]
    applied = after(E.PROVISION_ADMITTED, E.DATABASE_ALLOCATED, E.DEPLOY_APPLIED)
    assert pending(applied)[-1] is E.DEPLOY_TIMEOUT
    assert E.DEPLOY_APPLY not in pending(applied)
    [deadline] = [each for each in applied.pending if each.event.type is E.DEPLOY_TIMEOUT]
    assert applied.folded.after is not None
    assert deadline.due == applied.folded.after.deadline_at


def test_a_hold_takes_the_deadline_and_a_release_sets_it_again() -> None:
    way = (E.PROVISION_ADMITTED, E.DATABASE_ALLOCATED, E.DEPLOY_APPLIED, E.HOLD_REQUESTED)
    assert E.DEPLOY_TIMEOUT not in pending(after(*way))
    assert E.DEPLOY_TIMEOUT in pending(after(*way, E.RELEASE_REQUESTED))


def test_a_verdict_of_a_retry_is_pending_only_until_it_is_decided() -> None:
    failed = (E.PROVISION_ADMITTED, E.DATABASE_ALLOCATED, E.DEPLOY_FAILED, E.CLEANUP_COMPLETED)
    passed = after(*failed, E.RETRY_REQUESTED, E.PROVISION_ADMITTED, E.DATABASE_ALLOCATED, E.DEPLOY_SCHEDULED)
    assert passed.folded.event.type is E.RETRY_VERIFIED
    assert E.RETRY_VERIFIED not in pending(passed)


def test_what_is_observed_is_of_this_attempt_and_the_latest_of_each_type() -> None:
    way = (E.PROVISION_ADMITTED, E.DATABASE_ALLOCATED, E.DEPLOY_PROGRESSING, E.DEPLOY_SCHEDULED, E.DEPLOY_FAILED)
    found = after(*way)
    assert len(found.observed) == 4
    assert found.observed[-1] == found.folded.event.id
    assert len(after(*way, E.CLEANUP_COMPLETED).observed) == 5
    assert after(*way, E.CLEANUP_COMPLETED, E.RETRY_REQUESTED).observed == []
