"""How Kubernetes merges lists and maps: which lists are keyed, and by what, and which values are replaced whole."""

import json
from typing import Any

# Lists whose items are told apart by a key, in both strategic merge and server-side apply.
# Source: the x-kubernetes-list-map-keys of https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec
_KEYED: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "addresses": ("type",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_SETS = frozenset({"finalizers"})
_ATOMIC = frozenset(
    {
        "selector",
        "nodeSelector",
        "secretKeyRef",
        "configMapKeyRef",
        "fieldRef",
        "resourceFieldRef",
        "secretRef",
        "configMapRef",
        "claimRef",
        "involvedObject",
        "containerStatuses",
        "initContainerStatuses",
        "addresses",
    }
)
_KEY_DEFAULTS = {"protocol": "TCP"}


def keys_of(field: str, items: list[Any]) -> tuple[str, ...] | None:
    """What tells the items of this list apart; None where the list is replaced whole."""
    if not all(isinstance(item, dict) for item in items):
        return None
    if field == "ports":
        return ("containerPort", "protocol") if any("containerPort" in item for item in items) else ("port", "protocol")
    return _KEYED.get(field)


def is_set(field: str) -> bool:
    return field in _SETS


def is_atomic(field: str) -> bool:
    """Whether server-side apply replaces the value whole and knows one owner for all of it."""
    return field in _ATOMIC


def is_item_atomic(field: str) -> bool:
    return field == "ownerReferences"


def key_values(item: dict[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(item.get(key, _KEY_DEFAULTS.get(key)) for key in keys)


def key_element(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    """The item's place in a FieldsV1 path: k:{"name":"web"}."""
    values = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(keys)}
    return "k:" + json.dumps(values, separators=(",", ":"))
