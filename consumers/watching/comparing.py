"""Compares one row with what the cluster shows of it: pure, and the one place that says which facts follow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cluster.observe import Observation, Phase, observe, observe_running
from cluster.ownership import changed
from cluster.sight import Sight
from consumers.converge.parts import make_fact
from schemas.codes import ErrorCode
from schemas.events import Actor, Event
from schemas.payloads import Failure, Lost, Nothing, Progress, Scheduled
from schemas.requests import Closed
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State

WATCHER = Actor("watcher", "watcher")


@dataclass(frozen=True, slots=True)
class Difference:
    """The facts to publish; when to compare again though nothing changes; whether an effect has to see to it."""

    facts: list[Event] = field(default_factory=list)
    again_at: datetime | None = None
    converge: bool = False


def compare(row: Instance, sight: Sight, now: datetime, grace: float) -> Difference:
    """What differs. Every fact is under the row's present step, so that one which comes late changes nothing."""
    comparison = _COMPARISONS.get(row.state)
    return comparison(row, sight, now, grace) if comparison else Difference()


def unmarked(row: Instance, sight: Sight) -> bool:
    """Whether an adopted instance's Deployment has pods that are not seen: they were born without labels."""
    if row.adopted is None or sight.deployment is None:
        return False
    made: int = sight.deployment.get("status", {}).get("replicas", 0)
    return made > len(sight.pods)


def _deploying(row: Instance, sight: Sight, now: datetime, grace: float) -> Difference:
    seen = observe(sight, row.step, now, grace)
    if seen.phase is Phase.READY:
        return _ready(row, now)
    if seen.node is not None:
        fact = _fact(row, EventType.DEPLOY_SCHEDULED, Scheduled(node=seen.node), seen.node, now)
        return Difference([fact])
    lost = seen.phase is Phase.ABSENT and row.applied_at is not None
    return Difference(_progress(row, seen, now), converge=lost)


def _initializing(row: Instance, sight: Sight, now: datetime, grace: float) -> Difference:
    seen = observe(sight, None, now, grace)
    if seen.phase is Phase.ABSENT or sight.missing:
        return Difference(_progress(row, seen, now), converge=True)
    if seen.well and seen.cause is None and row.cause is not None:
        passed = Progress(cause=None)
        return Difference(
            [_fact(row, EventType.DEPLOY_PROGRESSING, passed, f"well at {seen.seen}", now)], seen.turns_at
        )
    return _on_the_way(row, seen, now)


def _coming_back(row: Instance, sight: Sight, now: datetime, grace: float) -> Difference:
    """A held one is not healed: no deploy.apply of this step will come, and any that came before counts."""
    unhealed = row.held and row.state is State.DEGRADED
    seen = observe(sight, None if unhealed else row.step, now, grace)
    if seen.phase is Phase.READY and changed(sight):  # what was applied is on its way into the cache
        return Difference()
    return _on_the_way(row, seen, now)


def _running(row: Instance, sight: Sight, now: datetime, grace: float) -> Difference:
    seen = observe_running(sight, now, grace)
    if seen.phase is Phase.LOST:
        return Difference([_lost(row, seen.cause or "", now)])
    return _as_applied(row, sight, seen, now, grace)


def _as_applied(row: Instance, sight: Sight, seen: Observation, now: datetime, grace: float) -> Difference:
    """It serves; what somebody changed is put right, but not so often that two who disagree make it flap."""
    cause = changed(sight)
    if cause is None:
        return Difference(again_at=seen.turns_at)
    patient_until = (row.state_since or now) + timedelta(seconds=grace)
    if now < patient_until:
        return Difference(again_at=patient_until)
    return Difference([_lost(row, cause, now)])


def _stopped(row: Instance, sight: Sight, now: datetime, grace: float) -> Difference:
    started = sight.deployment is not None and sight.deployment["spec"].get("replicas", 1) > 0
    return Difference(converge=started)


def _on_the_way(row: Instance, seen: Observation, now: datetime) -> Difference:
    if seen.phase is Phase.READY:
        return _ready(row, now)
    if seen.phase is Phase.FAILED and (seen.error_code, seen.cause) != (row.cause_code, row.cause):
        return Difference([_failed(row, seen, now)])
    if seen.phase is Phase.FAILED and row.state is not State.DEGRADED and not row.held:
        return Difference([_failed(row, seen, now)])
    return Difference(_progress(row, seen, now), again_at=seen.turns_at)


def _lost(row: Instance, cause: str, now: datetime) -> Event:
    return _fact(row, EventType.DEPLOY_LOST, Lost(cause=cause), "lost", now)


def _ready(row: Instance, now: datetime) -> Difference:
    return Difference([_fact(row, EventType.DEPLOY_READY, Nothing(), "ready", now)])


def _failed(row: Instance, seen: Observation, now: datetime) -> Event:
    failure = Failure(error_code=seen.error_code or ErrorCode.CLUSTER_REFUSED, error_message=seen.cause or "")
    return _fact(row, EventType.DEPLOY_FAILED, failure, f"{seen.error_code}: {seen.cause} at {seen.seen}", now)


def _progress(row: Instance, seen: Observation, now: datetime) -> list[Event]:
    """Why it waits, when that is another reason than the row has."""
    if seen.cause is None or (seen.error_code, seen.cause) == (row.cause_code, row.cause):
        return []
    progress = Progress(error_code=seen.error_code, cause=seen.cause)
    return [_fact(row, EventType.DEPLOY_PROGRESSING, progress, f"{seen.cause} at {seen.seen}", now)]


def _fact(row: Instance, event_type: EventType, data: Closed, observed: str, now: datetime) -> Event:
    return make_fact(row, event_type, data, observed, WATCHER, now)


_COMPARISONS: dict[State, Callable[[Instance, Sight, datetime, float], Difference]] = {
    State.DEPLOYING: _deploying,
    State.INITIALIZING: _initializing,
    State.STARTING: _coming_back,
    State.DEGRADED: _coming_back,
    State.RUNNING: _running,
    State.STOPPED: _stopped,
}
