"""Why a node does not take a pod: the scheduler's own questions about nodes, in its order; the first no speaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cluster.conditions import condition
from cluster.kinds import Object
from cluster.room import Room, requested, room_in

_HARD = ("NoSchedule", "NoExecute")
_BY_CONDITION = {
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
"""The taints that the control plane derives from a node's conditions, perhaps a moment later than it is looked at.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-nodes-by-condition
"""
_NOT_READY = "node.kubernetes.io/not-ready"
_CORDONED = "node.kubernetes.io/unschedulable"


class Lack(StrEnum):
    """What keeps a pod off a node."""

    CORDONED = "cordoned"
    NOT_READY = "not ready"
    TAINT = "taint"
    SELECTOR = "selector"
    CPU = "cpu"
    MEMORY = "memory"
    PODS = "pods"


@dataclass(frozen=True, slots=True)
class Short:
    """One lack; of cores, bytes and pods what is `free` and `wanted`, of taints and selectors which in `detail`."""

    lack: Lack
    detail: str = ""
    free: Decimal = Decimal(0)
    wanted: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Place:
    """A node, and what the pods on it have taken."""

    node: Object
    taken: Room

    @property
    def name(self) -> str:
        """The node's."""
        name: str = self.node["metadata"]["name"]
        return name

    @property
    def has(self) -> Room:
        """What the node gives to pods in all."""
        return room_in(self.node.get("status", {}).get("allocatable"))

    @property
    def ready(self) -> bool:
        """Whether the node is up and takes pods at all."""
        return condition(self.node, "Ready", "True") is not None and not self.node["spec"].get("unschedulable", False)

    def with_pod(self, pod: Object) -> "Place":
        """The same with one pod more on it."""
        return Place(self.node, self.taken + requested(pod))


def shortage(pod: Object, place: Place) -> list[Short]:
    """Why `place` does not take `pod`; nothing where it does.

    Not asked: volumes, ports, and the affinity between pods, none of which pods of Reprise have by themselves.
    Source: https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins
    """
    untolerated = [taint for taint in _taints(place.node) if not _is_tolerated(taint, pod["spec"])]
    if untolerated:
        return [_tainted(untolerated[0])]
    unmatched = _unmatched(pod["spec"], place.node)
    if unmatched is not None:
        return [Short(Lack.SELECTOR, unmatched)]
    return list(_too_little(place.has - place.taken, requested(pod)))


def _too_little(free: Room, wanted: Room) -> Iterator[Short]:
    for lack in (Lack.CPU, Lack.MEMORY, Lack.PODS):
        left, asked = getattr(free, lack.value), getattr(wanted, lack.value)
        if asked > max(left, 0):
            yield Short(lack, free=max(left, Decimal(0)), wanted=asked)


def _taints(node: Object) -> Iterator[Object]:
    if node["spec"].get("unschedulable"):
        yield {"key": _CORDONED, "effect": "NoSchedule"}
    if condition(node, "Ready", "True") is None:
        yield {"key": _NOT_READY, "effect": "NoSchedule"}
    for (name, status), key in _BY_CONDITION.items():
        if condition(node, name, status) is not None:
            yield {"key": key, "effect": "NoSchedule"}
    yield from (taint for taint in node["spec"].get("taints") or () if taint["effect"] in _HARD)


def _tainted(taint: Object) -> Short:
    if taint["key"] == _CORDONED:
        return Short(Lack.CORDONED)
    if taint["key"] in (_NOT_READY, "node.kubernetes.io/unreachable"):
        return Short(Lack.NOT_READY)
    value = f"={taint['value']}" if taint.get("value") else ""
    return Short(Lack.TAINT, f"{taint['key']}{value}:{taint['effect']}")


def _is_tolerated(taint: Object, spec: Object) -> bool:
    return any(_tolerates(toleration, taint) for toleration in spec.get("tolerations") or ())


def _tolerates(toleration: Object, taint: Object) -> bool:
    """Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/"""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")


def _unmatched(spec: Object, node: Object) -> str | None:
    """What of the pod's node selector or required node affinity the node does not match; None where it matches."""
    labels = node["metadata"].get("labels") or {}
    for key, value in (spec.get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return f"{key}={value}"
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    for term in (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms", ()):
        for expression in term["matchExpressions"]:
            if not _holds(expression, labels):
                return " ".join([expression["key"], expression["operator"], *expression.get("values", ())])
    return None


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    values: Sequence[str] = expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return _compares(expression["operator"], value, values[0])


def _compares(operator: str, value: str | None, limit: str) -> bool:
    """Gt and Lt compare whole numbers; a label that is none never matches."""
    try:
        number = int(value or "")
    except ValueError:
        return False
    return number > int(limit) if operator == "Gt" else number < int(limit)
