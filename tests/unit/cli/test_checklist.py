"""The demonstration's checklist really judges: whatever did not happen takes a point down."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from embedded.demo.checklist import judged
from embedded.demo.observed import Failure, Observed, Queued

REASON = "0/1 nodes are available: 1 Insufficient cpu."
DATABASE = {"db_server_id": "db-1"}
SERVER = ["StatefulSet db-1", "Secret db-1"]
FORCED, FAILED, OFFERED, QUEUED, CREDENTIALS, SUCCEEDED = range(6)


def failure(attempt: int) -> Failure:
    words = {"status": "error", "provisioning_status": "failed"}
    instance = {
        **words,
        "attempt": attempt,
        "can_retry": True,
        "error_code": "insufficient_resources",
        "error_message": f"Deployment did not become ready within 6 s: {REASON}",
        "database": DATABASE,
    }
    return Failure(instance, dict(words), [], list(SERVER))


def row(kind: str, job: str, before: str, after: str, **data: Any) -> dict[str, Any]:
    states = {"state_before": before, "state_after": after}
    return {"type": kind, "correlation_id": job, "outcome": "applied", "data": data, **states}


def good() -> Observed:
    """A walk in which all happened as it should."""
    words = {"status": "running", "provisioning_status": "completed"}
    return Observed(
        pod_reason=REASON,
        failures=[failure(1), failure(2)],
        retries=[
            Queued("HTTP", "queued", "j2", {"status": "creating", "attempt": 2}),
            Queued("event", "published", "j3", {"status": "creating", "attempt": 3}),
        ],
        audit=[
            row("retry.requested", "j2", "error", "pending"),
            row("deploy.applied", "j2", "deploying", "deploying"),
            row("retry.requested", "j3", "error", "pending"),
            row("deploy.applied", "j3", "deploying", "deploying"),
            row("retry.verified", "j3", "running", "running", failed_step="deploying"),
        ],
        job={"job_id": "j3", "status": "succeeded"},
        instance={**words, "database": DATABASE},
        row=dict(words),
        ready_replicas=1,
        server=list(SERVER),
        secret_password="p",
        credentials={"password": "p"},
    )


def test_a_good_walk_holds_in_every_point() -> None:
    assert [point.holds for point in judged(good())] == [True] * 6


def test_a_walk_that_saw_nothing_holds_in_none() -> None:
    assert [point.holds for point in judged(Observed())] == [False] * 6


def test_a_retry_may_run_already_when_it_is_first_looked_at() -> None:
    seen = good()
    seen.retries[1].instance.update(status="running")
    assert judged(seen)[QUEUED].holds


def test_a_node_may_have_the_pod_before_anybody_says_that_it_was_applied() -> None:
    seen = good()
    seen.audit[4:4] = [row("deploy.scheduled", "j3", "deploying", "initializing")]
    seen.audit[3]["outcome"] = "stale"
    assert judged(seen)[QUEUED].holds


def without(kind: str) -> Callable[[Observed], None]:
    def change(seen: Observed) -> None:
        seen.audit = [each for each in seen.audit if each["type"] != kind]

    return change


def first(field: str, value: object) -> Callable[[Observed], None]:
    def change(seen: Observed) -> None:
        seen.failures[0].instance[field] = value

    return change


def set_(field: str, value: object) -> Callable[[Observed], None]:
    return lambda seen: setattr(seen, field, value)


@pytest.mark.parametrize(
    ("point", "change"),
    [
        (FORCED, first("error_code", "timeout")),
        (FORCED, first("error_message", "Deployment did not become ready within 6 s.")),
        (FORCED, set_("pod_reason", "")),
        (FORCED, lambda seen: seen.failures[1].left_over.append("Deployment shop-2")),
        (FORCED, lambda seen: seen.failures[1].server.clear()),
        (FAILED, first("provisioning_status", "provisioning")),
        (FAILED, lambda seen: seen.failures[1].row.update(provisioning_status="provisioning")),
        (OFFERED, first("can_retry", False)),
        (QUEUED, lambda seen: seen.retries[0].instance.update(status="error")),
        (QUEUED, lambda seen: seen.retries[1].instance.update(attempt=2)),
        (QUEUED, without("retry.requested")),
        (QUEUED, without("deploy.applied")),
        (QUEUED, set_("retries", [])),
        (CREDENTIALS, set_("credentials", {})),
        (CREDENTIALS, set_("secret_password", "")),
        (CREDENTIALS, set_("secret_password", "another")),
        (CREDENTIALS, set_("rows_with_password", 1)),
        (CREDENTIALS, set_("server", ["Secret db-1"])),
        (CREDENTIALS, lambda seen: seen.instance.update(database={"db_server_id": "db-2"})),
        (SUCCEEDED, lambda seen: seen.instance.update(status="error")),
        (SUCCEEDED, lambda seen: seen.row.update(provisioning_status="provisioning")),
        (SUCCEEDED, set_("ready_replicas", 0)),
        (SUCCEEDED, lambda seen: seen.job.update(status="failed")),
        (SUCCEEDED, without("retry.verified")),
    ],
)
def test_what_did_not_happen_takes_its_point_down(point: int, change: Callable[[Observed], None]) -> None:
    seen = deepcopy(good())
    change(seen)
    held = [each.holds for each in judged(seen)]
    assert held == [number != point for number in range(6)]
