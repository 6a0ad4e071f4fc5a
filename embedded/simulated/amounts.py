"""How much a pod asks for, counted as scheduler and quota count it."""

from decimal import Decimal
from typing import Any, Literal

from embedded.simulated import objects, quantities
from embedded.simulated.objects import Object

Amounts = dict[str, Decimal]


def of_pod(pod: Object, which: Literal["requests", "limits"] = "requests") -> Amounts:
    """What the pod needs at any time: all that runs at once, or its hungriest init container with the sidecars before.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
    """
    spec = objects.spec(pod)
    sidecars: Amounts = {}
    hungriest: Amounts = {}
    for container in spec.get("initContainers") or []:
        asked = add(sidecars, _of_container(container, which))
        hungriest = highest(hungriest, asked)
        sidecars = asked if container.get("restartPolicy") == "Always" else sidecars
    total = sidecars
    for container in spec.get("containers") or []:
        total = add(total, _of_container(container, which))
    whole = parse((spec.get("resources") or {}).get(which) or {})
    return add({**highest(total, hungriest), **whole}, parse(spec.get("overhead") or {}))


def parse(amounts: dict[str, Any]) -> Amounts:
    return {key: quantities.parse(str(value)) for key, value in amounts.items()}


def add(left: Amounts, right: Amounts) -> Amounts:
    return {key: left.get(key, Decimal(0)) + right.get(key, Decimal(0)) for key in {**left, **right}}


def highest(left: Amounts, right: Amounts) -> Amounts:
    return {key: max(left.get(key, Decimal(0)), right.get(key, Decimal(0))) for key in {**left, **right}}


def is_over(pod: Object) -> bool:
    """Whether the pod has ended and holds nothing any more."""
    return objects.status(pod).get("phase") in ("Succeeded", "Failed")


def written(key: str, amount: Decimal) -> str:
    """The amount as Kubernetes would write it; memory and storage in binary units where they fit."""
    binary = key.endswith(("memory", "storage"))
    whole = amount == amount.to_integral_value()
    if binary and whole and amount >= 1024 and int(amount) % 1024 == 0:
        return quantities.canonical(f"{int(amount) // 1024}Ki")
    return quantities.canonical(str(amount))


def _of_container(container: dict[str, Any], which: str) -> Amounts:
    return parse((container.get("resources") or {}).get(which) or {})
