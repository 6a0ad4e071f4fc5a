"""Keeps of an object only what observing needs: a cluster may hold many, and the watcher keeps all of them."""

from cluster.kinds import Object
from cluster.names import ADOPTED, ATTEMPT, INSTANCE, NEEDS, STEP
from cluster.ownership import KEPT, OWNED, fingerprint

_META = ("name", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")
_LABELS = (INSTANCE, ATTEMPT, ADOPTED)
_SPEC = ("replicas", "nodeName")
_STATUS = (
    "conditions",
    "containerStatuses",
    "initContainerStatuses",
    "message",
    "observedGeneration",
    "phase",
    "readyReplicas",
    "replicas",
    "reason",
    "startTime",
    "updatedReplicas",
)


def slim(found: Object) -> Object:
    """The object without managed fields, templates, what Secrets hold and the rest that nobody looks at."""
    meta = found["metadata"]
    return {
        "metadata": {
            **_only(meta, _META),
            KEPT: fingerprint(found),
            "labels": _only(meta.get("labels") or {}, _LABELS),
            "annotations": _only(meta.get("annotations") or {}, (NEEDS, OWNED, STEP)),
        },
        "spec": _only(found.get("spec") or {}, _SPEC),
        "status": _only(found.get("status") or {}, _STATUS),
    }


def _only(found: Object, keys: tuple[str, ...]) -> Object:
    return {key: found[key] for key in keys if key in found}
