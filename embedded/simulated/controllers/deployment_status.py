"""What a Deployment's status says of its rollout."""

from typing import Any

from embedded.simulated import objects
from embedded.simulated.controllers import rollout, tools
from embedded.simulated.objects import Object

Conditions = list[dict[str, Any]]


def observe(found: Object, new: Object | None, old: list[Object]) -> tuple[dict[str, Any], float | None]:
    """The status, and in how many seconds the progress deadline has to be looked at."""
    status = _counts(found, new, old)
    conditions: Conditions = list(objects.status(found).get("conditions") or [])
    conditions = _available(found, status, conditions)
    conditions, again = _progressing(found, new, status, conditions)
    status["conditions"] = _replica_failure(new, old, conditions)
    return {key: value for key, value in status.items() if value or key == "terminatingReplicas"}, again


def without_set(found: Object, why: str) -> dict[str, Any]:
    """The status while the ReplicaSet may not be made."""
    conditions: Conditions = list(objects.status(found).get("conditions") or [])
    failed = _set(conditions, "Progressing", "False", "ReplicaSetCreateError", why)
    return {**objects.status(found), "conditions": failed}


def _counts(found: Object, new: Object | None, old: list[Object]) -> dict[str, Any]:
    every = [*old, *([new] if new else [])]
    wanted = sum(objects.spec(entry)["replicas"] for entry in every)
    available = _sum(every, "availableReplicas")
    counts: dict[str, Any] = {
        "observedGeneration": objects.generation(found),
        "replicas": _sum(every, "replicas"),
        "updatedReplicas": _sum([new] if new else [], "replicas"),
        "readyReplicas": _sum(every, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
        "terminatingReplicas": _sum(every, "terminatingReplicas"),
    }
    return counts


def _sum(entries: list[Object], field: str) -> int:
    return sum(objects.status(entry).get(field, 0) for entry in entries)


def _available(found: Object, status: dict[str, Any], conditions: Conditions) -> Conditions:
    replicas = objects.spec(found)["replicas"]
    unavailable = rollout.limits(found)[1] if objects.spec(found)["strategy"]["type"] == "RollingUpdate" else 0
    if status["availableReplicas"] >= replicas - min(unavailable, replicas):
        message = "Deployment has minimum availability."
        return _set(conditions, "Available", "True", "MinimumReplicasAvailable", message)
    message = "Deployment does not have minimum availability."
    return _set(conditions, "Available", "False", "MinimumReplicasUnavailable", message)


def _progressing(
    found: Object, new: Object | None, status: dict[str, Any], conditions: Conditions
) -> tuple[Conditions, float | None]:
    current = _find(conditions, "Progressing")
    whole = status["replicas"] == status["updatedReplicas"]
    if whole and current is not None and current["reason"] == "NewReplicaSetAvailable":
        return conditions, None
    what = f'ReplicaSet "{objects.name(new)}"' if new else f'Deployment "{objects.name(found)}"'
    if _is_complete(found, status):
        message = f"{what} has successfully progressed."
        return _set(conditions, "Progressing", "True", "NewReplicaSetAvailable", message), None
    if current is None or _has_moved(found, status):
        message = f"{what} is progressing."
        moved = _set(conditions, "Progressing", "True", "ReplicaSetUpdated", message, force=True)
        return moved, float(objects.spec(found)["progressDeadlineSeconds"])
    left = objects.spec(found)["progressDeadlineSeconds"] - tools.seconds_since(current["lastUpdateTime"])
    if left > 0 or current["reason"] == "ProgressDeadlineExceeded":
        return conditions, left + 0.1 if left > 0 else None
    message = f"{what} has timed out progressing."
    return _set(conditions, "Progressing", "False", "ProgressDeadlineExceeded", message), None


def _is_complete(found: Object, status: dict[str, Any]) -> bool:
    wanted = objects.spec(found)["replicas"]
    counts = (status["updatedReplicas"], status["replicas"], status["availableReplicas"])
    return counts == (wanted, wanted, wanted)


def _has_moved(found: Object, status: dict[str, Any]) -> bool:
    """Whether the rollout got further since the last look: more updated or available pods, or fewer old ones."""
    before = objects.status(found)
    old_left = status["replicas"] - status["updatedReplicas"]
    old_before = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old_left < old_before or any(status[field] > before.get(field, 0) for field in grown)


def _replica_failure(new: Object | None, old: list[Object], conditions: Conditions) -> Conditions:
    for entry in [*([new] if new else []), *old]:
        failure = objects.condition(entry, "ReplicaFailure")
        if failure is not None:
            reason, message = failure["reason"], failure["message"]
            return _set(conditions, "ReplicaFailure", failure["status"], reason, message)
    return tools.without_condition(conditions, "ReplicaFailure")


def _set(
    conditions: Conditions, kind: str, state: str, reason: str, message: str, *, force: bool = False
) -> Conditions:
    """Here a condition is written anew only when its status or reason changes, or when progress is to be dated."""
    current = _find(conditions, kind)
    if current is not None and (current["status"], current["reason"]) == (state, reason) and not force:
        return conditions
    moment = objects.now()
    changed_at = current["lastTransitionTime"] if current is not None and current["status"] == state else moment
    entry = {"type": kind, "status": state, "reason": reason, "message": message}
    entry |= {"lastUpdateTime": moment, "lastTransitionTime": changed_at}
    return [*tools.without_condition(conditions, kind), entry]


def _find(conditions: Conditions, kind: str) -> dict[str, Any] | None:
    return next((entry for entry in conditions if entry["type"] == kind), None)
