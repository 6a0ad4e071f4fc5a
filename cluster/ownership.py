"""Whether objects are still as Reprise applied them, told from the fields that Reprise owns in them.

Whoever changes or removes a field that was applied takes it from the set of those that Reprise owns. So the set as it
was after an apply, remembered, tells every later change of what was applied, and none of what was not.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from collections.abc import Iterable
from hashlib import sha256

import orjson

from cluster.client import MANAGER, Cluster
from cluster.kinds import DEPLOYMENT, INGRESS, SECRET, SERVICE, Kind, Object
from cluster.sight import Sight

OWNED = "reprise.dev/owned"
"""An annotation of the Deployment: the fingerprint of what Reprise owned in each object after the last deploy.apply."""
KEPT = "owned"
"""Where the watcher's cache keeps an object's fingerprint, in its metadata and in place of its managed fields."""
_NAME = MANAGER["fieldManager"]


async def remember(cluster: Cluster, applied: Iterable[tuple[Kind, Object]]) -> None:
    """Write down what is owned in the objects just applied, the Deployment among them; nothing if that is known."""
    objects = {kind.name: found for kind, found in applied}
    text = ",".join(f"{kind}={fingerprint(found)}" for kind, found in sorted(objects.items()))
    deployment = objects[DEPLOYMENT.name]
    if (deployment["metadata"].get("annotations") or {}).get(OWNED) != text:
        change = {"metadata": {"annotations": {OWNED: text}}}
        await cluster.patch(DEPLOYMENT, deployment["metadata"]["name"], change)


def fingerprint(found: Object) -> str:
    """What Reprise owns in an object, as a short hash."""
    for entry in found["metadata"].get("managedFields") or ():
        if (entry.get("manager"), entry.get("operation"), entry.get("subresource", "")) == (_NAME, "Apply", ""):
            return sha256(orjson.dumps(entry.get("fieldsV1"), option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
    return "none"


def changed(sight: Sight) -> str | None:
    """The first object that somebody has changed, in words; None where all that is there is as it was applied.

    The objects are those of the watcher's cache, which keeps their fingerprints.
    """
    there = {
        DEPLOYMENT.name: sight.deployment,
        SERVICE.name: sight.service,
        SECRET.name: sight.secret,
        INGRESS.name: sight.ingress,
    }
    for kind, applied in _remembered(sight.deployment).items():
        found = there.get(kind)
        if found is not None and found["metadata"].get(KEPT) != applied:
            return f"The {kind} was changed by somebody else than Reprise."
    return None


def _remembered(deployment: Object | None) -> dict[str, str]:
    """The fingerprints by kind; empty where nothing was written down, as for what was adopted."""
    text = (deployment or {"metadata": {}})["metadata"].get("annotations", {}).get(OWNED, "")
    pairs = (entry.partition("=") for entry in text.split(",") if entry)
    return {kind: owned for kind, _, owned in pairs}
