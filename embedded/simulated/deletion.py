"""What a delete request sets in motion: preconditions, finalizers, a pod's grace, who cleans up dependents."""

from dataclasses import dataclass
from typing import Any

from embedded.simulated import kinds, objects, status, strategy
from embedded.simulated.kinds import Kind
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Place, Registry

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_POLICIES = ("Background", "Foreground", "Orphan")


@dataclass(frozen=True, slots=True)
class Options:
    """What DeleteOptions may say; source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/"""

    uid: str | None = None
    resource_version: str | None = None
    grace: int | None = None
    propagation: str | None = None
    dry_run: bool = False


def read_options(body: dict[str, Any], query: dict[str, str]) -> Options:
    """From the request's body and query, the body first. Raises StatusError (400, 422)."""
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    propagation = body.get("propagationPolicy") or query.get("propagationPolicy")
    if body.get("orphanDependents") or query.get("orphanDependents") == "true":
        propagation = "Orphan"
    if propagation is not None and propagation not in _POLICIES:
        raise status.invalid_options(
            "DeleteOptions", status.unsupported("propagationPolicy", propagation, (*_POLICIES, "nil"))
        )
    dry_run = bool(body.get("dryRun") or query.get("dryRun"))
    try:
        seconds = None if grace is None else int(grace)
    except (TypeError, ValueError) as error:
        raise status.bad_request("gracePeriodSeconds must be an integer") from error
    return Options(preconditions.get("uid"), preconditions.get("resourceVersion"), seconds, propagation, dry_run)


def delete(registry: Registry, place: Place, options: Options, writer: Writer) -> tuple[Object, bool]:
    """The object as it is after the request, and whether it is gone already."""
    before = registry.get(place)
    _check_preconditions(place, before, options)
    after = objects.clone(before)
    _set_finalizer(place.kind, after, options)
    grace = _grace(place.kind, before, options)
    _mark(after, grace)
    if place.kind is kinds.NAMESPACES:
        after["status"] = {"phase": "Terminating"}
    gone = strategy.is_done(place.kind, after)
    if options.dry_run or (after == before and not gone):
        return after, gone
    if gone:
        return registry.store.remove(place.kind, before), True
    return registry.write(place, before, after, writer), False


def returns_object(kind: Kind) -> bool:
    """Which kinds answer a finished delete with the object; the others answer with a Status."""
    return kind in (kinds.PODS, kinds.SERVICES, kinds.CLAIMS, kinds.VOLUMES)


def _check_preconditions(place: Place, before: Object, options: Options) -> None:
    uid, version = objects.uid(before), objects.meta(before)["resourceVersion"]
    if options.uid is not None and options.uid != uid:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid}). "
            "The object might have been deleted and then recreated"
        )
        raise status.failed_precondition(place.kind, place.name, why)
    if options.resource_version is not None and options.resource_version != version:
        why = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the "
            f"ResourceVersion in record ({version}). The object might have been modified"
        )
        raise status.failed_precondition(place.kind, place.name, why)


def _set_finalizer(kind: Kind, obj: Object, options: Options) -> None:
    """Foreground and Orphan are finalizers that the garbage collector takes away when it has done its part."""
    # A Job's dependents are orphaned by default, for compatibility with its first version.
    propagation = options.propagation or ("Orphan" if kind is kinds.JOBS else None)
    if propagation is None:
        return
    kept = [name for name in objects.finalizers(obj) if name not in (FOREGROUND, ORPHAN)]
    added = {"Foreground": [FOREGROUND], "Orphan": [ORPHAN]}.get(propagation, [])
    objects.meta(obj)["finalizers"] = [*kept, *added]
    if not objects.finalizers(obj):
        del objects.meta(obj)["finalizers"]


def _grace(kind: Kind, obj: Object, options: Options) -> int:
    if kind is not kinds.PODS:
        return 0
    spec = objects.spec(obj)
    # What no kubelet holds, or what has ended, needs no grace.
    if not spec.get("nodeName") or objects.status(obj).get("phase") in ("Succeeded", "Failed"):
        return 0
    grace = spec["terminationGracePeriodSeconds"] if options.grace is None else options.grace
    current = objects.meta(obj).get("deletionGracePeriodSeconds")
    return int(grace if current is None else min(grace, current))


def _mark(obj: Object, grace: int) -> None:
    metadata = objects.meta(obj)
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = objects.seconds_from_now(grace)
        if "generation" in metadata:
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = grace
