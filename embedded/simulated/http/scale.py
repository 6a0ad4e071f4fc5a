"""The /scale subresource: a workload seen as nothing but its number of replicas."""

from typing import Any

from embedded.simulated import objects, selectors, status
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Place, Registry

_SHARED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def shown(obj: Object) -> Object:
    """The workload as an autoscaling/v1 Scale."""
    found: dict[str, Any] = {"replicas": objects.status(obj).get("replicas", 0)}
    selector = selectors.to_text(objects.spec(obj).get("selector"))
    # A wish for none is left out, as the real server does.
    replicas = objects.spec(obj).get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: objects.meta(obj)[key] for key in _SHARED},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {**found, "selector": selector} if selector else found,
    }


def change(registry: Registry, place: Place, wanted: Object, writer: Writer, *, dry_run: bool) -> Object:
    """Set the replicas. Raises StatusError (400, 409 for a stale resourceVersion)."""
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise status.bad_request("Scale: spec.replicas must be an integer")
    draft = objects.clone(registry.get(place))
    draft["spec"]["replicas"] = replicas
    version = objects.at(wanted, "metadata", "resourceVersion")
    if version:
        objects.meta(draft)["resourceVersion"] = version
    return shown(registry.update(place, draft, writer, dry_run=dry_run))
