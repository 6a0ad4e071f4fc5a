"""Whether a pod fits on a node, and how the real scheduler words that it does not."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from embedded.simulated import amounts, objects, selectors
from embedded.simulated.amounts import Amounts
from embedded.simulated.objects import Object

_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_HARD_EFFECTS = ("NoSchedule", "NoExecute")
_NOT_HELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


@dataclass(slots=True)
class Node:
    """A node and what its pods have taken of it."""

    obj: Object
    used: Amounts = field(default_factory=dict)

    @property
    def name(self) -> str:
        return objects.name(self.obj)

    def allocatable(self) -> Amounts:
        return amounts.parse(objects.status(self.obj).get("allocatable") or {})

    def take(self, pod: Object) -> None:
        self.used = amounts.add(self.used, {**amounts.of_pod(pod), "pods": Decimal(1)})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one node does not take a pod; `final` where not even evicting others would help."""

    reasons: tuple[str, ...]
    final: bool


def choose(pod: Object, nodes: list[Node]) -> tuple[Node | None, str]:
    """The node with the most room left that takes the pod; or None and the sentence that says why not.

    Source: FitError and the filter plugins of
    https://github.com/kubernetes/kubernetes/tree/v1.37.0/pkg/scheduler/framework
    """
    refusals: list[Refusal] = []
    fitting: list[Node] = []
    for node in nodes:
        refusal = _refusal(pod, node)
        if refusal is None:
            fitting.append(node)
        else:
            refusals.append(refusal)
    if fitting:
        return max(fitting, key=_free_share), ""
    return None, _sentence(refusals) if nodes else "no nodes available to schedule pods"


def _sentence(refusals: list[Refusal]) -> str:
    none_of = f"0/{len(refusals)} nodes are available:"
    reasons = Counter(reason for refusal in refusals for reason in refusal.reasons)
    preemption = Counter(_NOT_HELPFUL if refusal.final else _NO_VICTIMS for refusal in refusals)
    return f"{none_of} {_histogram(reasons)}. preemption: {none_of} {_histogram(preemption)}."


def _histogram(counted: Counter[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in counted.items()))


def _refusal(pod: Object, node: Node) -> Refusal | None:
    """The first filter that refuses speaks, in the real order of the plugins."""
    if objects.spec(node.obj).get("unschedulable") and not _tolerates_all(pod, [{"key": _UNSCHEDULABLE}]):
        return Refusal(("node(s) were unschedulable",), True)
    taints = objects.spec(node.obj).get("taints") or []
    hard = [taint for taint in taints if taint.get("effect") in _HARD_EFFECTS]
    if not _tolerates_all(pod, hard):
        return Refusal(("node(s) had untolerated taint(s)",), True)
    if not _is_wanted(pod, node.obj):
        return Refusal(("node(s) didn't match Pod's node affinity/selector",), True)
    return _resource_refusal(pod, node)


def _resource_refusal(pod: Object, node: Node) -> Refusal | None:
    allocatable, asked = node.allocatable(), amounts.of_pod(pod)
    reasons, final = [], False
    if node.used.get("pods", Decimal(0)) + 1 > allocatable.get("pods", Decimal(110)):
        reasons.append("Too many pods")
    for key, amount in asked.items():
        room = allocatable.get(key, Decimal(0))
        if amount > 0 and amount > room - node.used.get(key, Decimal(0)):
            reasons.append(f"Insufficient {key}")
            final = final or amount > room
    return Refusal(tuple(reasons), final) if reasons else None


def _tolerates_all(pod: Object, taints: list[dict[str, Any]]) -> bool:
    tolerations = objects.spec(pod).get("tolerations") or []
    return all(any(_tolerates(entry, taint) for entry in tolerations) for taint in taints)


def _tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    exists = toleration.get("operator") == "Exists"
    return exists or (toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", ""))


def _is_wanted(pod: Object, node: Object) -> bool:
    labels = objects.labels(node)
    selector = objects.spec(pod).get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    required = objects.at(
        objects.spec(pod), "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if required is None:
        return True
    return any(_matches_term(term, labels) for term in required.get("nodeSelectorTerms") or [])


def _matches_term(term: dict[str, Any], labels: dict[str, str]) -> bool:
    expressions = term.get("matchExpressions") or []
    return bool(expressions) and all(
        selectors.requirement(entry["key"], entry["operator"], entry.get("values") or [], labels)
        for entry in expressions
    )


def _free_share(node: Node) -> Decimal:
    allocatable = node.allocatable()
    shares = [
        1 - node.used.get(key, Decimal(0)) / allocatable[key] for key in ("cpu", "memory") if allocatable.get(key)
    ]
    return min(shares, default=Decimal(0))
