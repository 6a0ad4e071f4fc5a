"""Keeps the number of a ReplicaSet's pods, and says why where it cannot."""

from collections.abc import Iterable
from typing import Any

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.recorder import Recorder
from embedded.simulated.objects import Object
from embedded.simulated.registry import Place, Registry
from embedded.simulated.status import StatusError
from embedded.simulated.store import Change

_FIRST_RETRY = 0.5
_LAST_RETRY = 30.0


class ReplicaSetController:
    """Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/"""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._events = Recorder(registry, "replicaset-controller")
        self._failures: dict[Key, int] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.REPLICA_SETS:
            yield objects.namespace(change.object), objects.name(change.object)
        elif change.kind is kinds.PODS and (owner := tools.owner_key(change.object, kinds.REPLICA_SETS)):
            yield owner
        elif change.kind is kinds.QUOTAS:
            # More room may let through what was refused, so there is no need to wait for the next attempt.
            yield from (key for key in self._failures if key[0] == objects.namespace(change.object))

    def reconcile(self, key: Key) -> float | None:
        found = self._registry.store.get(kinds.REPLICA_SETS, *key)
        if found is None:
            self._failures.pop(key, None)
            return None
        failure = None if objects.is_deleting(found) else self._manage(found)
        again = self._write_status(found, failure)
        if failure is None:
            self._failures.pop(key, None)
            return again
        self._failures[key] = self._failures.get(key, -1) + 1
        return float(min(_FIRST_RETRY * 2 ** self._failures[key], _LAST_RETRY))

    def _manage(self, found: Object) -> StatusError | None:
        active = [pod for pod in tools.pods_of(self._registry, found) if tools.is_active(pod)]
        missing = objects.spec(found)["replicas"] - len(active)
        for _ in range(missing):
            if (failure := self._create_pod(found)) is not None:
                return failure
        if missing < 0:
            for pod in sorted(active, key=_keep_order)[missing:]:
                tools.delete(self._registry, kinds.PODS, pod)
                self._events.record(kinds.REPLICA_SETS, found, "SuccessfulDelete", f"Deleted pod: {objects.name(pod)}")
        return None

    def _create_pod(self, found: Object) -> StatusError | None:
        pod = tools.pod_from(objects.spec(found)["template"], kinds.REPLICA_SETS, found)
        pod["metadata"]["generateName"] = f"{objects.name(found)}-"
        try:
            created = self._registry.create(kinds.PODS, objects.namespace(found), pod, tools.WRITER)
        except StatusError as refused:
            message = f"Error creating: {refused}"
            self._events.record(kinds.REPLICA_SETS, found, "FailedCreate", message, "Warning")
            return refused
        self._events.record(kinds.REPLICA_SETS, found, "SuccessfulCreate", f"Created pod: {objects.name(created)}")
        return None

    def _write_status(self, stale: Object, failure: StatusError | None) -> float | None:
        found = self._registry.get(Place(kinds.REPLICA_SETS, objects.namespace(stale), objects.name(stale)))
        pods = tools.pods_of(self._registry, found)
        active = [pod for pod in pods if tools.is_active(pod)]
        waits = [tools.available_in(pod, objects.spec(found).get("minReadySeconds", 0)) for pod in active]
        status: dict[str, Any] = {
            "replicas": len(active),
            "fullyLabeledReplicas": len(active),
            "readyReplicas": sum(tools.is_ready(pod) for pod in active),
            "availableReplicas": sum(wait == 0 for wait in waits),
            "terminatingReplicas": sum(objects.is_deleting(pod) and not tools.has_ended(pod) for pod in pods),
            "observedGeneration": objects.generation(found),
            "conditions": _conditions(found, failure),
        }
        # Counts of zero and empty lists are left out, but for the one that is always told.
        shown = {key: value for key, value in status.items() if value or key in ("replicas", "terminatingReplicas")}
        self._registry.set_status(kinds.REPLICA_SETS, found, shown, tools.MANAGER)
        return min((wait for wait in waits if wait), default=None)


def _conditions(found: Object, failure: StatusError | None) -> list[dict[str, Any]]:
    conditions = objects.status(found).get("conditions") or []
    if failure is None:
        return tools.without_condition(conditions, "ReplicaFailure")
    if objects.condition(found, "ReplicaFailure") is not None:
        return list(conditions)
    return tools.with_condition(conditions, "ReplicaFailure", "True", "FailedCreate", str(failure))


def _keep_order(pod: Object) -> tuple[bool, bool, str]:
    """The pods worth most first: bound, ready, old."""
    bound = bool(objects.spec(pod).get("nodeName"))
    return not bound, not tools.is_ready(pod), objects.meta(pod)["creationTimestamp"]
