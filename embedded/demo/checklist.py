"""Judges what was seen: the six points, each by what API, PostgreSQL and cluster said."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from embedded.demo.observed import Failure, Observed
from schemas.counting import count_of

Evidence = Iterator[tuple[str, bool]]


class Finding(NamedTuple):
    """One thing that must be so, and whether it was."""

    text: str
    holds: bool


class Point(NamedTuple):
    """One point of the checklist; it holds when every finding does, and there is one at all."""

    title: str
    findings: list[Finding]

    @property
    def holds(self) -> bool:
        """Whether all of it was seen."""
        return bool(self.findings) and all(finding.holds for finding in self.findings)


def judged(seen: Observed) -> list[Point]:
    """The checklist of a walk."""
    return [Point(title, [Finding(*each) for each in look(seen)]) for title, look in POINTS]


def _forced_failure(seen: Observed) -> Evidence:
    code, message = _first(seen, "error_code"), str(_first(seen, "error_message"))
    yield f"API: error_code is {code}", code == "insufficient_resources"
    yield f"API: {message}", bool(seen.pod_reason) and seen.pod_reason in message
    yield f"cluster: the pod was Pending, {seen.pod_reason or 'without a reason'}", "Insufficient" in seen.pod_reason
    left = sorted({name for failure in seen.failures for name in failure.left_over})
    yield f"cluster: of the failed attempts {', '.join(left) or 'nothing'} is left", bool(seen.failures) and not left
    yield (
        "cluster: the dedicated database server was kept",
        bool(seen.failures) and all(_has_server(failure.server) for failure in seen.failures),
    )


def _says_failed(seen: Observed) -> Evidence:
    for failure in seen.failures:
        api, row = _words(failure.instance), _words(failure.row)
        yield f"attempt {failure.instance.get('attempt')}: API says {api}", api == "error/failed"
        yield f"attempt {failure.instance.get('attempt')}: PostgreSQL says {row}", row == "error/failed"


def _offers_retry(seen: Observed) -> Evidence:
    for failure in seen.failures:
        offered = failure.instance.get("can_retry")
        yield f"attempt {failure.instance.get('attempt')}: API says can_retry is {offered}", offered is True


def _queues(seen: Observed) -> Evidence:
    for attempt, retry in enumerate(seen.retries, 2):
        way, status = f"retry by {retry.way}", retry.instance.get("status")
        yield f"{way}: {retry.message} (job {retry.job_id})", bool(retry.job_id)
        # a quick attempt runs already when it is first looked at; that it was queued before is judged by the audit log
        yield (
            f"{way}: API says {status}, attempt {retry.instance.get('attempt')}, right after it",
            status in ("creating", "running") and retry.instance.get("attempt") == attempt,
        )
        yield from _job(seen, retry.job_id)


_REACHED = ("deploy.applied", "deploy.scheduled")
"""Either is the cluster's: where a node takes the pod at once, that may be seen first, and the other is stale then."""


def _job(seen: Observed, job_id: str) -> Evidence:
    rows = [row for row in seen.audit if row["correlation_id"] == job_id and row["outcome"] == "applied"]
    first = rows[0] if rows else {}
    moved = f"{first.get('state_before')} to {first.get('state_after')}"
    yield (
        f"audit log: {first.get('type')} took it from {moved}",
        (first.get("type"), moved) == ("retry.requested", "error to pending"),
    )
    reached = next((row["type"] for row in rows if row["type"] in _REACHED), "nothing")
    yield f"audit log: the job's {len(rows)} events reach the cluster with {reached}", reached in _REACHED


def _credentials(seen: Observed) -> Evidence:
    password = seen.credentials.get("password", "")
    servers = {_server_id(failure) for failure in seen.failures} | {_database(seen.instance, "db_server_id")}
    yield "database-service: it returns the password of the existing database", bool(password)
    yield (
        "cluster: the Secret of the attempt that runs holds the same one",
        bool(password) and (seen.secret_password == password),
    )
    yield f"API: the same database server in every attempt ({', '.join(map(str, servers))})", len(servers) == 1
    yield "cluster: that server is there", _has_server(seen.server)
    yield f"PostgreSQL: the password stands in {count_of(seen.rows_with_password, 'row')}", seen.rows_with_password == 0


def _succeeds(seen: Observed) -> Evidence:
    api, row = _words(seen.instance), _words(seen.row)
    yield f"API says {api}", api == "running/completed"
    yield f"PostgreSQL says {row}", row == "running/completed"
    yield f"cluster: the Deployment has {seen.ready_replicas} ready replicas", seen.ready_replicas >= 1
    yield f"API: job {seen.job.get('job_id')} {seen.job.get('status')}", seen.job.get("status") == "succeeded"
    verified = [row for row in seen.audit if row["type"] == "retry.verified" and row["outcome"] == "applied"]
    steps = ", ".join(str(row["data"].get("failed_step")) for row in verified) or "nothing"
    yield f"audit log: retry.verified says that {steps} was passed", len(verified) == 1


POINTS: tuple[tuple[str, Callable[[Observed], Evidence]], ...] = (
    ("A failure with insufficient resources was forced", _forced_failure),
    ("provisioning_status is failed", _says_failed),
    ("The retry is offered", _offers_retry),
    ("Retrying queues a new provisioning", _queues),
    ("Credentials are retrieved, not missing", _credentials),
    ("Provisioning succeeds on retry", _succeeds),
)


def _first(seen: Observed, field: str) -> object:
    return seen.failures[0].instance.get(field) if seen.failures else None


def _words(instance: dict[str, object]) -> str:
    return f"{instance.get('status')}/{instance.get('provisioning_status')}"


def _server_id(failure: Failure) -> object:
    return _database(failure.instance, "db_server_id")


def _database(instance: dict[str, object], field: str) -> object:
    database = instance.get("database")
    return database.get(field) if isinstance(database, dict) else None


def _has_server(names: list[str]) -> bool:
    return any(name.startswith("StatefulSet ") for name in names)
