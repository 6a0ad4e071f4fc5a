"""How far a rolling update may go in one step."""

import math
from collections.abc import Callable

from embedded.simulated import objects
from embedded.simulated.objects import Object


def plan(deployment: Object, new: Object, old: list[Object]) -> list[tuple[Object, int]]:
    """The replicas each ReplicaSet should have now: never more pods than the surge allows, never fewer ready."""
    wanted = objects.spec(deployment)["replicas"]
    surge, unavailable = limits(deployment)
    others = sum(_replicas(entry) for entry in old)
    if not others:
        return [(new, wanted)]
    grown = max(_replicas(new), min(wanted, wanted + surge - others)) if _replicas(new) < wanted else wanted
    return [(new, grown), *_shrunk(old, new, wanted - unavailable)]


def limits(deployment: Object) -> tuple[int, int]:
    """How many pods may be too many and too few, of which one at least is not zero."""
    spec = objects.spec(deployment)
    rolling = spec["strategy"].get("rollingUpdate")
    if rolling is None:
        return 0, spec["replicas"]
    surge = _share(rolling["maxSurge"], spec["replicas"], math.ceil)
    unavailable = _share(rolling["maxUnavailable"], spec["replicas"], math.floor)
    return surge, max(unavailable, 0 if surge else 1)


def _shrunk(old: list[Object], new: Object, floor: int) -> list[tuple[Object, int]]:
    available = sum(entry["status"].get("availableReplicas", 0) for entry in [*old, new])
    shrunk = []
    for entry in old:
        ready = entry["status"].get("availableReplicas", 0)
        # What is not available serves nobody and may go at once; of the rest, what the floor leaves over.
        spare = max(0, min(ready, available - floor))
        left = max(0, min(_replicas(entry), ready - spare))
        available -= ready - min(ready, left)
        shrunk.append((entry, left))
    return shrunk


def _share(value: int | str, of: int, rounded: Callable[[float], int]) -> int:
    if isinstance(value, int):
        return value
    return rounded(int(value.rstrip("%")) * of / 100)


def _replicas(entry: Object) -> int:
    return int(objects.spec(entry)["replicas"])
