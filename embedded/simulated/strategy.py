"""What the server itself sets on an object, kind by kind: names, ids, generations, first status."""

from collections.abc import Callable
from typing import Any

from embedded.simulated import kinds, objects, status
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object

CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
# A generated name ends in five random characters, and names end at 63.
_LONGEST_BASE = 58
_SERVICE_NETWORK = (10, 96)

_FIRST_STATUS: dict[Kind, dict[str, Any]] = {
    kinds.NAMESPACES: {"phase": "Active"},
    kinds.PODS: {"phase": "Pending"},
    kinds.CLAIMS: {"phase": "Pending"},
    kinds.VOLUMES: {"phase": "Pending"},
    kinds.SERVICES: {"loadBalancer": {}},
    kinds.INGRESSES: {"loadBalancer": {}},
}
_SYSTEM = ("uid", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp", "managedFields")


def prepare_new(kind: Kind, obj: Object) -> None:
    """Give a new object its identity and first status, in place."""
    metadata = objects.meta(obj)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:_LONGEST_BASE] + objects.suffix()
    for field in (*_SYSTEM, "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(field, None)
    metadata |= {"uid": objects.new_uid(), "creationTimestamp": objects.now()}
    if kind.has_generation:
        metadata["generation"] = 1
    if kind.has_status and kind is not kinds.NODES:
        obj["status"] = objects.clone(_FIRST_STATUS.get(kind, {}))
    if kind in _EXTRA:
        _EXTRA[kind](obj)


def prepare_changed(kind: Kind, before: Object, after: Object, subresource: str) -> None:
    """Keep what this write may not touch as it was, and count a change of the spec, in place."""
    old, new = objects.meta(before), objects.meta(after)
    for field in (*_SYSTEM, "deletionGracePeriodSeconds", "name", "namespace"):
        if field in old:
            new[field] = objects.clone(old[field])
        else:
            new.pop(field, None)
    if subresource == "status":
        _keep_but_status(before, after)
    elif kind.has_status:
        after["status"] = objects.clone(objects.status(before))
    if kind.has_generation and _is_counted(kind, before, after):
        new["generation"] = objects.generation(before) + 1


def check_finalizers(kind: Kind, before: Object, after: Object) -> None:
    """Raises StatusError (422) where a finalizer is added to what is being deleted."""
    added = [name for name in objects.finalizers(after) if name not in objects.finalizers(before)]
    if objects.is_deleting(before) and added:
        detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {added}"
        raise status.invalid(kind, objects.name(before), [status.forbidden_value("metadata.finalizers", detail)])


def is_done(kind: Kind, obj: Object) -> bool:
    """Whether a deletion has nothing left to wait for, so that the object can go."""
    if not objects.is_deleting(obj) or objects.finalizers(obj):
        return False
    if kind is kinds.NAMESPACES and objects.spec(obj).get("finalizers"):
        return False
    return not objects.meta(obj).get("deletionGracePeriodSeconds")


def _is_counted(kind: Kind, before: Object, after: Object) -> bool:
    """A change of the spec; of a Deployment, whose revisions carry its annotations along, a change of those too."""
    if kind is kinds.DEPLOYMENTS and objects.annotations(before) != objects.annotations(after):
        return True
    return before.get("spec") != after.get("spec")


def _keep_but_status(before: Object, after: Object) -> None:
    """A write to /status changes nothing else; metadata's own rules keep all but annotations and labels."""
    found = after.get("status")
    after.clear()
    # What is not touched can be shared with the former state: what is stored is never changed in place.
    after.update({**before, "metadata": dict(before["metadata"])})
    if found is not None:
        after["status"] = found


def _claim(obj: Object) -> None:
    finalizers = objects.meta(obj).setdefault("finalizers", [])
    if CLAIM_PROTECTION not in finalizers:
        finalizers.append(CLAIM_PROTECTION)


def _pod(obj: Object) -> None:
    spec = objects.spec(obj)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerated = {entry.get("key") for entry in spec.get("tolerations") or []}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if key not in tolerated:
            entry = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            spec.setdefault("tolerations", []).append(entry)
    obj["status"]["qosClass"] = _qos(spec)


def _qos(spec: dict[str, Any]) -> str:
    resources = [container.get("resources") or {} for container in spec["containers"] + spec.get("initContainers", [])]
    if not any(entry.get("requests") or entry.get("limits") for entry in resources):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= (entry.get("limits") or {}).keys() and entry.get("requests") == entry["limits"]
        for entry in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _service(obj: Object) -> None:
    spec = objects.spec(obj)
    if spec["type"] == "ExternalName":
        return
    spec.setdefault("clusterIP", _address(objects.uid(obj)))
    spec["clusterIPs"] = [spec["clusterIP"]]


def _address(uid: str) -> str:
    number = int(uid[:4], 16)
    return ".".join(map(str, (*_SERVICE_NETWORK, number >> 8, number & 255)))


def _job(obj: Object) -> None:
    spec, uid = objects.spec(obj), objects.uid(obj)
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": objects.name(obj),
        "controller-uid": uid,
        "job-name": objects.name(obj),
    }
    metadata = spec["template"]["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


_EXTRA: dict[Kind, Callable[[Object], None]] = {
    kinds.CLAIMS: _claim,
    kinds.PODS: _pod,
    kinds.SERVICES: _service,
    kinds.JOBS: _job,
}
