"""What the quotas of the namespace leave for an instance: where they leave too little, no pod is ever made."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cluster.kinds import Object
from cluster.room import requested
from schemas.quantities import any_amount

_NOT_OURS = frozenset({"BestEffort", "Terminating", "PriorityClass", "CrossNamespacePodAffinity"})
"""Scopes that no pod of Reprise is in."""
_BY_THEIR_NAME = ("pods", "persistentvolumeclaims", "services", "secrets")
_IN_BYTES = ("memory", "storage")
Item = tuple[str, Decimal]


@dataclass(frozen=True, slots=True)
class Objects:
    """What is about to be made: pods, claims, and of which resources else one object each (`deployments.apps`)."""

    pods: tuple[Object, ...]
    claims: tuple[Object, ...]
    others: tuple[str, ...]


def exceeded(quotas: Sequence[Object], new: Objects, leaving: Sequence[Object]) -> list[str]:
    """Which quotas `new` would exceed once the pods in `leaving` are gone, in words; nothing where there is room.

    Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    asked = _sum(_of(new))
    for key, amount in _sum(_of(Objects(tuple(leaving), (), ()))).items():
        asked[key] -= amount
    return [line for quota in quotas if _concerns(quota) for line in _over(quota, asked)]


def _over(quota: Object, asked: dict[str, Decimal]) -> Iterator[str]:
    status = quota.get("status") or {}
    used = status.get("used") or {}
    for key, hard in (status.get("hard") or quota["spec"].get("hard") or {}).items():
        left = max(any_amount(hard) - any_amount(used.get(key)), Decimal(0))
        if asked[key] > left:
            amounts = f"{_written(key, left)} of {_written(key, asked[key])}"
            yield f"quota {quota['metadata']['name']} leaves {amounts} {key}"


def _concerns(quota: Object) -> bool:
    spec = quota["spec"]
    expressions = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    scopes = {*(spec.get("scopes") or ()), *(each["scopeName"] for each in expressions)}
    return not scopes & _NOT_OURS


def _of(new: Objects) -> Iterator[Item]:
    for pod in new.pods:
        yield from _of_pod(pod)
    for claim in new.claims:
        yield from _of_claim(claim)
    counted = (*new.others, *["pods"] * len(new.pods), *["persistentvolumeclaims"] * len(new.claims))
    for resource in counted:
        yield f"count/{resource}", Decimal(1)
        if resource in _BY_THEIR_NAME:
            yield resource, Decimal(1)


def _of_pod(pod: Object) -> Iterator[Item]:
    requests, limits = requested(pod), requested(pod, "limits")
    yield from {"cpu": requests.cpu, "requests.cpu": requests.cpu}.items()
    yield from {"memory": requests.memory, "requests.memory": requests.memory}.items()
    yield "limits.memory", limits.memory


def _of_claim(claim: Object) -> Iterator[Item]:
    storage = any_amount(claim["spec"]["resources"]["requests"]["storage"])
    yield "requests.storage", storage
    if of_class := claim["spec"].get("storageClassName"):
        yield f"{of_class}.storageclass.storage.k8s.io/requests.storage", storage
        yield f"{of_class}.storageclass.storage.k8s.io/persistentvolumeclaims", Decimal(1)


def _sum(items: Iterable[Item]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = defaultdict(Decimal)
    for key, amount in items:
        total[key] += amount
    return total


def _written(key: str, amount: Decimal) -> str:
    return f"{int(amount) // 2**20} MiB" if key.endswith(_IN_BYTES) else f"{float(amount):g}"
