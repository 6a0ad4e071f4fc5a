"""How much a pod asks for, counted as the scheduler counts it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cluster.kinds import Object
from schemas.quantities import any_amount

_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Room:
    """Cores, bytes, and the number of pods."""

    cpu: Decimal = Decimal(0)
    memory: Decimal = Decimal(0)
    pods: Decimal = Decimal(0)

    def __add__(self, other: "Room") -> "Room":
        return Room(self.cpu + other.cpu, self.memory + other.memory, self.pods + other.pods)

    def __sub__(self, other: "Room") -> "Room":
        return Room(self.cpu - other.cpu, self.memory - other.memory, self.pods - other.pods)

    def larger(self, other: "Room") -> "Room":
        """The larger of each."""
        return Room(max(self.cpu, other.cpu), max(self.memory, other.memory), max(self.pods, other.pods))


ONE_POD = Room(pods=Decimal(1))


def room_in(listed: Object | None) -> Room:
    """A list of resources, as requests, limits and `allocatable` have it."""
    listed = listed or {}
    return Room(*(any_amount(listed.get(name)) for name in ("cpu", "memory", "pods")))


def requested(pod: Object, which: Literal["requests", "limits"] = "requests") -> Room:
    """What is set aside for a pod: all that runs at once, or the hungriest moment of its initialisation.

    Sidecars (init containers that are restarted) run beside everything that comes after them.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
    """
    spec = pod["spec"]
    beside, hungriest = Room(), Room()
    for container in spec.get("initContainers") or ():
        asked = _asked(container, which)
        hungriest = hungriest.larger(beside + asked)
        if container.get("restartPolicy") == "Always":
            beside += asked
    together = sum((_asked(container, which) for container in spec["containers"]), beside)
    return _of_the_whole(spec, which, together.larger(hungriest)) + room_in(spec.get("overhead")) + ONE_POD


def is_over(pod: Object) -> bool:
    """Whether a pod has ended, and holds nothing any more."""
    return pod.get("status", {}).get("phase") in _ENDED


def _asked(container: Object, which: str) -> Room:
    return room_in((container.get("resources") or {}).get(which))


def _of_the_whole(spec: Object, which: str, together: Room) -> Room:
    """What a pod asks for as a whole goes before what its containers do.

    Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification
    """
    whole = (spec.get("resources") or {}).get(which) or {}
    said = room_in(whole)
    return Room(said.cpu if "cpu" in whole else together.cpu, said.memory if "memory" in whole else together.memory)
