"""What several controllers need: a pod from a template, conditions that keep their times, ready or not."""

import datetime
import hashlib
from typing import Any

import orjson

from embedded.simulated import deletion, kinds, objects
from embedded.simulated.kinds import Kind
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry, place_of

MANAGER = "kube-controller-manager"
WRITER = Writer(MANAGER)
_HASH_ALPHABET = "bcdfghjklmnpqrst"


def owner_reference(kind: Kind, owner: Object) -> dict[str, Any]:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": objects.name(owner),
        "uid": objects.uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_from(template: Object, kind: Kind, owner: Object) -> Object:
    """A pod as its owner's template describes it, without a name."""
    metadata = template.get("metadata") or {}
    pod: Object = {"metadata": {}, "spec": objects.clone(template["spec"])}
    for field in ("labels", "annotations"):
        if metadata.get(field):
            pod["metadata"][field] = dict(metadata[field])
    pod["metadata"]["ownerReferences"] = [owner_reference(kind, owner)]
    return pod


def owner_key(change_obj: Object, kind: Kind) -> tuple[str, str] | None:
    """Namespace and name of the controller of this kind, if the object has one."""
    for owner in objects.owners(change_obj):
        if owner.get("controller") and owner["kind"] == kind.kind:
            return objects.namespace(change_obj), owner["name"]
    return None


def template_hash(template: Object) -> str:
    """A short name for a template, spelt like a pod-template-hash: no vowels, so no words."""
    digest = hashlib.sha256(orjson.dumps(template, option=orjson.OPT_SORT_KEYS)).hexdigest()[:10]
    return "".join(_HASH_ALPHABET[int(digit, 16)] for digit in digest)


def is_active(pod: Object) -> bool:
    return not objects.is_deleting(pod) and not has_ended(pod)


def has_ended(pod: Object) -> bool:
    return objects.status(pod).get("phase") in ("Succeeded", "Failed")


def is_ready(pod: Object) -> bool:
    found = objects.condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def available_in(pod: Object, min_ready_seconds: int) -> float | None:
    """Seconds until the pod counts as available (0 for now); None while it is not ready."""
    found = objects.condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return None
    return max(0.0, min_ready_seconds - seconds_since(found["lastTransitionTime"])) if min_ready_seconds else 0.0


def seconds_since(moment: str) -> float:
    return (datetime.datetime.now(datetime.UTC) - objects.parse_time(moment)).total_seconds()


def with_condition(
    conditions: list[dict[str, Any]], kind: str, state: str, reason: str = "", message: str = "", **more: Any
) -> list[dict[str, Any]]:
    """The conditions with this one set; its times move only where its status does (lastUpdateTime with any change)."""
    old = next((entry for entry in conditions if entry["type"] == kind), None)
    content = {"type": kind, "status": state, **({"reason": reason} if reason else {})}
    content |= {"message": message} if message else {}
    if old is not None and all(old.get(key) == content.get(key) for key in ("status", "reason", "message")):
        return conditions
    changed_at = old["lastTransitionTime"] if old is not None and old["status"] == state else objects.now()
    entry = {**content, "lastTransitionTime": changed_at, **more}
    return [*(item for item in conditions if item["type"] != kind), entry]


def without_condition(conditions: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [entry for entry in conditions if entry["type"] != kind]


def delete(registry: Registry, kind: Kind, obj: Object, propagation: str = "Background") -> None:
    """Delete an object as its controller does; one that is being deleted is left alone."""
    if not objects.is_deleting(obj):
        options = deletion.Options(uid=objects.uid(obj), propagation=propagation)
        deletion.delete(registry, place_of(kind, obj), options, WRITER)


def pods_of(registry: Registry, owner: Object) -> list[Object]:
    """The pods this object controls, oldest first."""
    found = registry.store.controlled(kinds.PODS, objects.uid(owner))
    return sorted(found, key=lambda pod: (objects.meta(pod)["creationTimestamp"], objects.name(pod)))
