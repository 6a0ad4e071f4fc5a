"""Says how far an attempt has come, from what was seen of it: pure, so that watcher and clean-up cannot disagree."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cluster import told
from cluster.answers import refusal_code
from cluster.conditions import condition, moment, since
from cluster.kinds import Object
from cluster.names import STEP
from cluster.problems import Problem, problem
from cluster.scheduling import scheduling_code
from cluster.sentences import podless, unschedulable
from cluster.sight import Sight, terminating
from cluster.starting import unready, volumeless, well
from schemas.codes import ErrorCode

_NOT_CREATED = frozenset({"FailedCreate", "ReplicaSetCreateError"})
"""Source: kubernetes pkg/controller/{replicaset,deployment}."""


class Phase(StrEnum):
    """How far it has come.

    absent       there is no Deployment
    unapplied    there is one that the last deploy.apply has not reached
    unscheduled  no node has taken the pod
    scheduled    a node has taken it, and it is not ready
    ready        it serves
    failed       a node has taken it, and it has been failing for longer than it may
    lost         it ran and does not serve any more, for longer than it may
    """

    ABSENT = "absent"
    UNAPPLIED = "unapplied"
    UNSCHEDULED = "unscheduled"
    SCHEDULED = "scheduled"
    READY = "ready"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Observation:
    """What is so, and why, in the cluster's own words.

    `turns_at`: when it becomes `failed` or `lost` if nothing changes until then. `seen` tells two observations of the
    same apart: the resourceVersions it was made from. `well`: no container has failed, so that a cause told before has
    passed.
    """

    phase: Phase
    error_code: ErrorCode | None = None
    cause: str | None = None
    node: str | None = None
    turns_at: datetime | None = None
    seen: str = ""
    well: bool = False


def observe(sight: Sight, step: int | None, now: datetime, grace: float) -> Observation:
    """How far it has come. `step`: that of the deploy.apply which must have reached the Deployment, None: any.

    What keeps failing on its node is `failed` once it has done so for `grace` seconds by the cluster's own times.
    """
    return replace(_observe(sight, step, now, grace), seen=_versions(sight))


def observe_running(sight: Sight, now: datetime, grace: float) -> Observation:
    """Whether what ran still serves; `lost` when it has not for `grace` seconds, or at once if it cannot come back."""
    return replace(_observe_running(sight, now, grace), seen=_versions(sight))


def _observe(sight: Sight, step: int | None, now: datetime, grace: float) -> Observation:
    deployment = sight.deployment
    if deployment is None:
        return Observation(Phase.ABSENT)
    if step is not None and _annotated(deployment) != str(step):
        return Observation(Phase.UNAPPLIED)
    if _ready(sight, deployment):
        missing = _gone(sight)
        return Observation(Phase.SCHEDULED if missing else Phase.READY, cause=missing, node=sight.node)
    pod = _current(sight)
    if pod is None:
        return _podless(sight, deployment)
    node = pod["spec"].get("nodeName")
    return _on_node(sight, pod, node, now, grace) if node else _waiting_for_node(sight, pod)


def _observe_running(sight: Sight, now: datetime, grace: float) -> Observation:
    deployment = sight.deployment
    if deployment is None or terminating(deployment):
        return Observation(Phase.LOST, cause="The Deployment is gone.")
    if not deployment["spec"].get("replicas", 1):
        return Observation(Phase.LOST, cause="The Deployment was scaled to zero.")
    if sight.missing:
        return Observation(Phase.LOST, cause=_gone(sight), node=sight.node)
    if deployment.get("status", {}).get("readyReplicas", 0) >= 1:
        return Observation(Phase.READY, node=sight.node)
    found = _observe(sight, None, now, grace)
    began = since(condition(deployment, "Available", "False")) or now
    lost = now >= began + timedelta(seconds=grace)
    return Observation(
        Phase.LOST if lost else Phase.SCHEDULED,
        found.error_code,
        found.cause or "No replica is ready.",
        found.node,
        None if lost else began + timedelta(seconds=grace),
    )


def _ready(sight: Sight, deployment: Object) -> bool:
    status = deployment.get("status", {})
    return (
        status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        and deployment["spec"].get("replicas", 1) >= 1  # one that is scaled to zero is Available all the same
        and min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0)) >= 1
        and not any(terminating(found) for found in (deployment, *sight.pods, *filter(None, [sight.claim])))
    )


def _gone(sight: Sight) -> str | None:
    return f"{', '.join(sight.missing)} gone from beside the Deployment." if sight.missing else None


def _current(sight: Sight) -> Object | None:
    """The newest pod that is not on its way out; one that has failed counts while it has no successor."""
    pods = [pod for pod in sight.pods if not terminating(pod)]
    alive = [pod for pod in pods if pod.get("status", {}).get("phase") not in ("Failed", "Succeeded")]
    return max(alive or pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)


def _podless(sight: Sight, deployment: Object) -> Observation:
    """Why there is no pod: a controller may not make one, or no ReplicaSet (a quota, an admission rule).

    A condition keeps what was said first; the Event, which outlives it, has what was said last.
    """
    for found in (*sight.replica_sets, deployment):
        refusal = _refusal(found)
        if refusal:
            message = told.words(sight.events, found, told.CREATING) or refusal
            return Observation(Phase.UNSCHEDULED, refusal_code(message), podless(message))
    return Observation(Phase.UNSCHEDULED)


def _refusal(found: Object) -> str | None:
    refused = condition(found, "ReplicaFailure", "True") or condition(found, "Progressing", "False")
    message: str | None = refused.get("message") if refused and refused.get("reason") in _NOT_CREATED else None
    return message


def _waiting_for_node(sight: Sight, pod: Object) -> Observation:
    held = condition(pod, "PodScheduled", "False")
    if held is None or not held.get("message"):
        return Observation(Phase.UNSCHEDULED)
    code = scheduling_code(held["message"]) if held.get("reason") == "Unschedulable" else None
    unbound = volumeless(sight) if code is ErrorCode.VOLUME_UNAVAILABLE else None
    return Observation(Phase.UNSCHEDULED, code, unbound or unschedulable(held["message"]))


def _on_node(sight: Sight, pod: Object, node: str, now: datetime, grace: float) -> Observation:
    found = problem(pod)
    if found is None:
        return _starting(sight, pod, node, now, grace)
    turns_at = _turns_at(found, pod, grace) if found.code else None
    if turns_at is not None and now >= turns_at:
        return Observation(Phase.FAILED, found.code, found.cause, node)
    return Observation(Phase.SCHEDULED, found.code, found.cause, node, turns_at)


def _turns_at(found: Problem, pod: Object, grace: float) -> datetime | None:
    began = found.since or moment(pod["metadata"]["creationTimestamp"])
    return began + timedelta(seconds=grace) if began else None


def _starting(sight: Sight, pod: Object, node: str, now: datetime, grace: float) -> Observation:
    """On its way. What keeps it so may pass, so that nothing but its deadline ends it."""
    found = unready(sight, pod)
    if found is None:
        return Observation(Phase.SCHEDULED, node=node, well=well(pod))
    turns_at = found.since + timedelta(seconds=grace) if found.since else now
    if now < turns_at:
        return Observation(Phase.SCHEDULED, node=node, turns_at=turns_at, well=well(pod))
    return Observation(Phase.SCHEDULED, found.code, found.cause, node)


def _annotated(deployment: Object) -> str | None:
    found: str | None = (deployment["metadata"].get("annotations") or {}).get(STEP)
    return found


def _versions(sight: Sight) -> str:
    found = (
        sight.deployment,
        *sight.replica_sets,
        *sight.pods,
        sight.claim,
        sight.service,
        sight.secret,
        sight.ingress,
    )
    versions = [each["metadata"]["resourceVersion"] for each in found if each is not None]
    return ",".join(sorted([*versions, *told.versions(sight.events)]))
