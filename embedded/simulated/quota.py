"""What a ResourceQuota counts, and the refusal of what would exceed it."""

from decimal import Decimal

from embedded.simulated import amounts, kinds, objects, status
from embedded.simulated.amounts import Amounts
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from embedded.simulated.store import Store

_ALIASES = {"cpu": "requests.cpu", "memory": "requests.memory"}
_COMPUTE = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_COUNTED = {
    kinds.PODS: "pods",
    kinds.CLAIMS: "persistentvolumeclaims",
    kinds.SERVICES: "services",
    kinds.SECRETS: "secrets",
    kinds.CONFIG_MAPS: "configmaps",
    kinds.QUOTAS: "resourcequotas",
}


def check(store: Store, kind: Kind, obj: Object) -> None:
    """Raises StatusError (403) where a quota of the namespace leaves no room for this new object.

    Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    asked = _usage_of(kind, obj)
    for quota in store.select(kinds.QUOTAS, objects.namespace(obj)):
        if not _is_scoped_for(quota, kind, obj):
            continue
        hard = amounts.parse(objects.spec(quota).get("hard") or {})
        if kind is kinds.PODS:
            _require_amounts(quota, hard, obj)
        _require_room(store, quota, hard, kind, obj, asked)


def used(store: Store, quota: Object, hard: Amounts) -> Amounts:
    """What the quota's namespace uses of each thing in `hard`, as far as the quota is about it."""
    total: Amounts = dict.fromkeys(hard, Decimal(0))
    for kind in kinds.ALL:
        if kind.namespaced and any(key in hard for key in _keys_of(kind)):
            for obj in store.select(kind, objects.namespace(quota)):
                if _is_scoped_for(quota, kind, obj):
                    total = amounts.add(total, _usage_of(kind, obj))
    return {key: total[key] for key in hard}


def _is_scoped_for(quota: Object, kind: Kind, obj: Object) -> bool:
    """A quota with scopes is about the pods that are in all of them."""
    scopes = objects.spec(quota).get("scopes") or []
    return not scopes or (kind is kinds.PODS and all(_is_in(scope, obj) for scope in scopes))


def _is_in(scope: str, pod: Object) -> bool:
    asks = any(amounts.of_pod(pod, which) for which in ("requests", "limits"))
    ends = objects.spec(pod).get("activeDeadlineSeconds") is not None
    return {"BestEffort": not asks, "NotBestEffort": asks, "Terminating": ends, "NotTerminating": not ends}[scope]


def _keys_of(kind: Kind) -> tuple[str, ...]:
    keys: tuple[str, ...] = (f"count/{kind.resource}", _COUNTED.get(kind, ""))
    if kind is kinds.PODS:
        return (*keys, *_COMPUTE)
    return (*keys, "requests.storage") if kind is kinds.CLAIMS else keys


def _usage_of(kind: Kind, obj: Object) -> Amounts:
    usage = {f"count/{kind.resource}": Decimal(1)}
    if kind is kinds.PODS and amounts.is_over(obj):
        return usage
    if kind in _COUNTED:
        usage[_COUNTED[kind]] = Decimal(1)
    if kind is kinds.PODS:
        usage |= _compute(obj)
    if kind is kinds.CLAIMS:
        usage["requests.storage"] = amounts.parse(obj["spec"]["resources"]["requests"])["storage"]
    return usage


def _compute(pod: Object) -> Amounts:
    requests, limits = amounts.of_pod(pod), amounts.of_pod(pod, "limits")
    found = {f"requests.{key}": value for key, value in requests.items()}
    found |= {alias: found[key] for alias, key in _ALIASES.items() if key in found}
    return found | {f"limits.{key}": value for key, value in limits.items()}


def _require_amounts(quota: Object, hard: Amounts, pod: Object) -> None:
    """Where compute is limited, every container has to say what it needs."""
    missing = {}
    for key in sorted(set(hard) & set(_COMPUTE)):
        group, _, resource = key.rpartition(".")
        silent = _silent(pod, group or "requests", resource)
        if silent:
            missing[key] = ",".join(sorted(silent))
    if missing:
        worded = "; ".join(f"{key} for: {names}" for key, names in missing.items())
        why = f"failed quota: {objects.name(quota)}: must specify {worded}"
        raise status.forbidden(kinds.PODS, objects.name(pod), why)


def _silent(pod: Object, group: str, resource: str) -> set[str]:
    spec = objects.spec(pod)
    found = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return {container["name"] for container in found if resource not in (container["resources"].get(group) or {})}


def _require_room(store: Store, quota: Object, hard: Amounts, kind: Kind, obj: Object, asked: Amounts) -> None:
    touched = sorted(key for key in hard if asked.get(key))
    in_use = used(store, quota, {key: hard[key] for key in touched})
    over = [key for key in touched if in_use[key] + asked[key] > hard[key]]
    if over:
        parts = (
            f"exceeded quota: {objects.name(quota)}",
            f"requested: {_listed(asked, over)}",
            f"used: {_listed(in_use, over)}",
            f"limited: {_listed(hard, over)}",
        )
        raise status.forbidden(kind, objects.name(obj), ", ".join(parts))


def _listed(found: Amounts, keys: list[str]) -> str:
    return ",".join(f"{key}={amounts.written(key, found[key])}" for key in keys)
