"""What the watcher says for every state, from what the cluster shows."""

from datetime import timedelta
from typing import Any

import pytest

from cluster.sight import Sight
from consumers.watching.comparing import Difference, compare
from schemas.codes import ErrorCode
from schemas.payloads import Failure, Lost, Progress, Scheduled
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import MEANINGS, State
from tests.unit.cluster.objects import NOW, ago, condition, container, deployment, instance, meta, pod

GRACE = 30.0
NO_ROOM = condition("PodScheduled", "False", reason="Unschedulable", message="0/1 nodes: 1 Insufficient cpu.")
WAITING = Sight(deployment(), pods=(pod(NO_ROOM, node=None),))
TAKEN = Sight(deployment(), pods=(pod(),))
READY = Sight(deployment(ready=1), pods=(pod(),))
NO_IMAGE = 'Image "odoo:18" cannot be pulled: no such image.'


def failing(since: float = 60) -> Sight:
    bound = condition("PodScheduled", "True", since=since)
    found = pod(containerStatuses=[container(waiting={"reason": "ErrImagePull", "message": "no such image"})])
    found["status"]["conditions"] = [bound, condition("Initialized", "True", since=since)]
    return Sight(deployment(), pods=(found,))


def compared(row: Instance, sight: Sight) -> Difference:
    return compare(row, sight, NOW, GRACE)


def said(row: Instance, sight: Sight) -> list[EventType]:
    return [fact.type for fact in compared(row, sight).facts]


@pytest.mark.parametrize(
    ("state", "sight", "facts"),
    [
        (State.DEPLOYING, Sight(), []),
        (State.DEPLOYING, Sight(deployment(step=2), pods=(pod(),)), []),
        (State.DEPLOYING, WAITING, [EventType.DEPLOY_PROGRESSING]),
        (State.DEPLOYING, TAKEN, [EventType.DEPLOY_SCHEDULED]),
        (State.DEPLOYING, failing(), [EventType.DEPLOY_SCHEDULED]),
        (State.DEPLOYING, READY, [EventType.DEPLOY_READY]),
        (State.INITIALIZING, TAKEN, []),
        (State.INITIALIZING, failing(), [EventType.DEPLOY_FAILED]),
        (State.INITIALIZING, failing(since=1), [EventType.DEPLOY_PROGRESSING]),
        (State.INITIALIZING, WAITING, [EventType.DEPLOY_PROGRESSING]),
        (State.INITIALIZING, Sight(deployment(ready=1, step=1)), [EventType.DEPLOY_READY]),
        (State.STARTING, READY, [EventType.DEPLOY_READY]),
        (State.STARTING, Sight(deployment(ready=1, step=2)), []),
        (State.STARTING, failing(), [EventType.DEPLOY_FAILED]),
        (State.STARTING, WAITING, [EventType.DEPLOY_PROGRESSING]),
        (State.DEGRADED, READY, [EventType.DEPLOY_READY]),
        (State.DEGRADED, Sight(deployment(ready=1, step=2)), []),
        (State.DEGRADED, failing(), [EventType.DEPLOY_FAILED]),
        (State.RUNNING, READY, []),
        (State.RUNNING, Sight(), [EventType.DEPLOY_LOST]),
        (State.RUNNING, Sight(deployment()), [EventType.DEPLOY_LOST]),
    ],
)
def test_what_is_said(state: State, sight: Sight, facts: list[EventType]) -> None:
    assert said(instance(state), sight) == facts


@pytest.mark.parametrize(
    "state",
    sorted(set(MEANINGS) - {State.DEPLOYING, State.INITIALIZING, State.STARTING, State.DEGRADED, State.RUNNING}),
)
@pytest.mark.parametrize("sight", [Sight(), WAITING, READY, failing()], ids=["nothing", "waiting", "ready", "failing"])
def test_nothing_is_said_of_a_state_that_waits_for_nothing_in_the_cluster(state: State, sight: Sight) -> None:
    assert said(instance(state), sight) == []


def test_facts_are_under_the_present_step_and_of_the_present_job() -> None:
    row = instance(State.DEPLOYING)
    [fact] = compared(row, TAKEN).facts
    assert (fact.step, fact.attempt, fact.correlation_id) == (row.step, row.attempt, row.job_id)
    assert fact.data == Scheduled(node="node-0")
    assert str(fact.actor) == "watcher:watcher"


def test_a_reason_is_said_once() -> None:
    row = instance(State.DEPLOYING)
    [fact] = compared(row, WAITING).facts
    assert isinstance(fact.data, Progress)
    row.cause_code, row.cause = fact.data.error_code, fact.data.cause
    assert said(row, WAITING) == []


def test_a_relist_makes_the_same_event_and_a_reason_that_comes_back_another() -> None:
    row = instance(State.DEPLOYING)
    ids = [compared(row, sight).facts[0].id for sight in (WAITING, WAITING, _again(WAITING))]
    assert ids[0] == ids[1] != ids[2]


def _again(sight: Sight) -> Sight:
    return Sight(sight.deployment, pods=tuple({**found, "metadata": meta("acme-pod")} for found in sight.pods))


def test_a_failure_carries_its_code_and_cause() -> None:
    [fact] = compared(instance(State.INITIALIZING), failing()).facts
    assert fact.data == Failure(error_code=ErrorCode.IMAGE_PULL, error_message=NO_IMAGE)


def test_a_failure_that_a_degraded_instance_shows_already_is_not_said_again() -> None:
    row = instance(State.DEGRADED, cause_code=ErrorCode.IMAGE_PULL, cause=NO_IMAGE)
    assert said(row, failing()) == []


def test_a_failure_shown_as_progress_before_is_said_when_its_grace_is_over() -> None:
    row = instance(State.INITIALIZING, cause_code=ErrorCode.IMAGE_PULL, cause=NO_IMAGE)
    assert said(row, failing()) == [EventType.DEPLOY_FAILED]


def test_a_cause_that_has_passed_is_not_told_any_more() -> None:
    row = instance(State.INITIALIZING, cause_code=ErrorCode.VOLUME_UNAVAILABLE, cause="no such disk.")
    [fact] = compared(row, TAKEN).facts
    assert (fact.type, fact.data) == (EventType.DEPLOY_PROGRESSING, Progress(cause=None))
    row.cause_code = row.cause = None
    assert said(row, TAKEN) == []


def test_the_cause_of_a_crash_is_told_until_it_is_another() -> None:
    row = instance(State.INITIALIZING, cause_code=ErrorCode.CRASH_LOOP, cause="Container odoo exited with code 1.")
    again = pod(containerStatuses=[container(restarts=1, running={"startedAt": ago(1)})])
    assert said(row, Sight(deployment(), pods=(again,))) == []


def test_what_will_fail_by_itself_is_looked_at_again_then() -> None:
    found = compared(instance(State.INITIALIZING), failing(since=10))
    assert found.again_at == NOW + timedelta(seconds=GRACE - 10)


def test_what_runs_and_is_not_ready_for_a_moment_is_looked_at_again() -> None:
    shaky = deployment()
    shaky["status"]["conditions"] = [condition("Available", "False", since=10)]
    found = compared(instance(State.RUNNING), Sight(shaky))
    assert (found.facts, found.again_at) == ([], NOW + timedelta(seconds=GRACE - 10))


def test_what_is_lost_says_why() -> None:
    [fact] = compared(instance(State.RUNNING), Sight(deployment(replicas=0))).facts
    assert fact.data == Lost(cause="The Deployment was scaled to zero.")


def test_a_held_degraded_instance_that_comes_back_by_itself_is_ready() -> None:
    row = instance(State.DEGRADED, held_at=NOW)
    assert said(row, Sight(deployment(ready=1, step=1), pods=(pod(),))) == [EventType.DEPLOY_READY]


@pytest.mark.parametrize(
    ("state", "sight", "wanted"),
    [
        (State.INITIALIZING, Sight(), True),
        (State.INITIALIZING, TAKEN, False),
        (State.STOPPED, READY, True),
        (State.STOPPED, Sight(deployment(replicas=0)), False),
        (State.STOPPED, Sight(), False),
    ],
)
def test_what_no_fact_can_mend_is_converged(state: State, sight: Sight, wanted: Any) -> None:
    assert compared(instance(state), sight).converge is wanted


def test_a_deployment_that_vanished_while_it_waited_for_room_is_made_again() -> None:
    """Its command is not repeated any more, and a patient request may wait for days."""
    assert not compared(instance(state=State.DEPLOYING), Sight()).converge
    assert compared(instance(state=State.DEPLOYING, applied_at=NOW), Sight()).converge
    assert not compared(instance(state=State.DEPLOYING, applied_at=NOW), WAITING).converge
