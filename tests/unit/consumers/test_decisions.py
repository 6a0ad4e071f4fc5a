"""What the log is told of decisions: changes and refusals, each with the instance, the attempt and the job."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from structlog.testing import capture_logs

from consumers.decisions import told
from persistence.batch import Result
from schemas.events import Actor, wish
from schemas.requests import InstanceRequest
from schemas.types import EventType
from statemachine.decision import Outcome
from statemachine.instance import Instance
from statemachine.states import State

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BEFORE = Instance(
    id=UUID(int=1),
    customer_id="acme",
    name="shop",
    request=InstanceRequest(),
    job_id=UUID(int=2),
    created_at=NOW,
    state=State.ERROR,
    attempt=1,
)
RETRY = wish(EventType.RETRY_REQUESTED, BEFORE.id, Actor("api", "alice"), NOW, event_id=uuid4())


def _told(outcome: Outcome, why: str, after: Instance | None) -> dict[str, object]:
    with capture_logs() as lines:
        told([Result(RETRY, outcome, why, BEFORE if after else None, after)])
    [line] = lines
    return dict(line)


def test_a_change_of_state_is_told_with_instance_attempt_and_job() -> None:
    line = _told(Outcome.APPLIED, "", replace(BEFORE, state=State.PENDING, attempt=2))
    assert line["log_level"] == "info"
    assert (line["instance"], line["attempt"], line["correlation_id"]) == (str(BEFORE.id), 2, str(RETRY.id))
    assert (line["state_before"], line["state_after"], line["actor"]) == ("error", "pending", "api:alice")


def test_a_refusal_is_told_with_its_reason() -> None:
    line = _told(Outcome.REJECTED, "Instance not found", None)
    assert (line["log_level"], line["why"]) == ("info", "Instance not found")


def test_what_changes_nothing_is_told_to_who_looks_closely() -> None:
    for outcome in (Outcome.APPLIED, Outcome.STALE, Outcome.DUPLICATE):
        assert _told(outcome, "", BEFORE)["log_level"] == "debug"
