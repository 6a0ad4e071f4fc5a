"""Attempts, steps and waits, read from what was recorded."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from schemas.types import EventType as E
from schemas.views import AuditRow
from statemachine.timeline import attempts_of
from tests.unit.statemachine.scenario import INSTANCE, NO_ROOM, NOW

Happened = tuple[E, str, int, dict[str, object]]
FAILED: list[Happened] = [
    (E.PROVISION_REQUESTED, "pending", 1, {}),
    (E.PROVISION_ADMITTED, "allocating_database", 1, {}),
    (E.DATABASE_ALLOCATED, "deploying", 1, {}),
    (E.DEPLOY_APPLIED, "deploying", 1, {}),
    (E.DEPLOY_PROGRESSING, "deploying", 1, {"cause": NO_ROOM, "error_code": "insufficient_resources"}),
    (E.DEPLOY_TIMEOUT, "cleaning_up", 1, {}),
]


def at(second: int) -> datetime:
    return NOW + timedelta(seconds=second)


def job(second: int) -> UUID:
    return uuid5(INSTANCE, str(second))


def recorded(*happened: Happened, outcome: str = "applied") -> list[AuditRow]:
    """One row a second. Every row has a job of its own here, so that one sees whose an attempt got."""
    rows, before = [], "none"
    for second, (event_type, state, attempt, data) in enumerate(happened):
        failed = event_type is E.DEPLOY_TIMEOUT
        rows.append(
            AuditRow.model_validate(
                {
                    "event_id": job(second),
                    "instance_id": INSTANCE,
                    "customer_id": "acme",
                    "sequence": second + 1,
                    "recorded_at": at(second),
                    "type": event_type,
                    "actor": "cli:alice" if event_type.endswith(".requested") else "watcher:watcher",
                    "reason": "",
                    "attempt": attempt,
                    "step": second,
                    "state_before": before,
                    "state_after": state,
                    "outcome": outcome,
                    "error_code": "insufficient_resources" if failed else None,
                    "error": NO_ROOM if failed else None,
                    "correlation_id": job(second),
                    "causation_id": None,
                    "data": data,
                }
            )
        )
        before = state
    return rows


def test_an_attempt_under_way_has_its_steps_and_what_the_last_waits_for() -> None:
    [attempt] = attempts_of(recorded(*FAILED[:5]))
    assert [(step.state, step.began_at, step.ended_at, step.ended_by) for step in attempt.steps] == [
        ("pending", at(0), at(1), E.PROVISION_ADMITTED),
        ("allocating_database", at(1), at(2), E.DATABASE_ALLOCATED),
        ("deploying", at(2), None, None),
    ]
    [wait] = attempt.steps[-1].waits
    assert (wait.since, wait.cause, wait.cause_code) == (at(4), NO_ROOM, "insufficient_resources")
    assert (attempt.ended_at, attempt.ended_in, attempt.error) == (None, None, None)


def test_a_failed_attempt_ends_once_it_is_clean_and_says_why() -> None:
    retried: list[Happened] = [
        (E.CLEANUP_COMPLETED, "error", 1, {}),
        (E.RETRY_REQUESTED, "pending", 2, {}),
        (E.PROVISION_ADMITTED, "allocating_database", 2, {}),
    ]
    first, second = attempts_of(recorded(*FAILED, *retried))
    assert (first.ended_at, first.ended_in) == (at(6), "error")
    assert (first.error_code, first.error) == ("insufficient_resources", NO_ROOM)
    assert (first.steps[-1].state, first.steps[-1].ended_at, first.steps[-1].ended_by) == (
        "error",
        at(7),
        E.RETRY_REQUESTED,
    )
    assert (second.began_at, second.job_id, second.actor) == (at(7), job(7), "cli:alice")
    assert second.error is None


def test_a_retry_that_waited_for_the_clean_up_is_the_asker_s() -> None:
    waited: list[Happened] = [
        (E.RETRY_REQUESTED, "cleaning_up_before_retry", 1, {}),
        (E.CLEANUP_COMPLETED, "pending", 2, {}),
    ]
    first, second = attempts_of(recorded(*FAILED, *waited))
    assert [step.state for step in first.steps[-2:]] == ["cleaning_up", "cleaning_up_before_retry"]
    assert (second.began_at, second.job_id, second.actor) == (at(7), job(6), "cli:alice")


def test_what_was_not_applied_is_no_step() -> None:
    assert attempts_of(recorded(*FAILED, outcome="stale")) == []
