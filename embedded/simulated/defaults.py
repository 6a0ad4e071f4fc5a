"""Fills in what a client may leave out, as the API server does before it validates and stores an object."""

import base64
from collections.abc import Callable
from typing import Any

from embedded.simulated import kinds, quantities, status
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from embedded.simulated.pod_defaults import fill_pod_spec


def fill(kind: Kind, obj: Object) -> None:
    """Set every default of the kind, in place. Raises StatusError (400) for a quantity or base64 text that is none."""
    obj["apiVersion"], obj["kind"] = kind.api_version, kind.kind
    if kind in _BY_KIND:
        _BY_KIND[kind](obj)


def _spec(obj: Object) -> dict[str, Any]:
    spec: dict[str, Any] = obj.setdefault("spec", {})
    return spec


def _template(spec: dict[str, Any]) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    fill_pod_spec(template.setdefault("spec", {}))


def _pod(obj: Object) -> None:
    spec = _spec(obj)
    spec.setdefault("enableServiceLinks", True)
    fill_pod_spec(spec)


def _deployment(obj: Object) -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        strategy["rollingUpdate"] = {"maxSurge": "25%", "maxUnavailable": "25%", **rolling}
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    _template(spec)


def _replica_set(obj: Object) -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    _template(spec)


def _stateful_set(obj: Object) -> None:
    spec = _spec(obj)
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    update = spec.setdefault("updateStrategy", {})
    if update.setdefault("type", "RollingUpdate") == "RollingUpdate":
        update.setdefault("rollingUpdate", {"partition": 0})
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})
    _template(spec)
    for claim in spec.get("volumeClaimTemplates") or []:
        fill(kinds.CLAIMS, claim)
        claim.setdefault("status", {"phase": "Pending"})


def _job(obj: Object) -> None:
    spec = _spec(obj)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    defaults = {
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": False,
    }
    for key, value in defaults.items():
        spec.setdefault(key, value)
    _template(spec)


def _claim(obj: Object) -> None:
    spec = _spec(obj)
    spec.setdefault("volumeMode", "Filesystem")
    for amounts in (spec.get("resources") or {}).values():
        _canonical(kinds.CLAIMS, amounts)


def _service(obj: Object) -> None:
    spec = _spec(obj)
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")
    data = obj.get("data") or {}
    for value in data.values():
        _check_base64(value)
    plain = obj.pop("stringData", None) or {}
    data.update({key: base64.b64encode(value.encode()).decode() for key, value in plain.items()})
    if data:
        obj["data"] = data


def _check_base64(value: Any) -> None:
    try:
        base64.b64decode(value or "", validate=True)
    except (ValueError, TypeError) as error:
        message = 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0'
        raise status.bad_request(message) from error


def _quota(obj: Object) -> None:
    _canonical(kinds.QUOTAS, _spec(obj).get("hard") or {})


def _node(obj: Object) -> None:
    _spec(obj)
    found = obj.get("status") or {}
    for amounts in (found.get("capacity"), found.get("allocatable")):
        _canonical(kinds.NODES, amounts or {})


def _namespace(obj: Object) -> None:
    _spec(obj).setdefault("finalizers", ["kubernetes"])
    labels = obj["metadata"].setdefault("labels", {})
    if obj["metadata"].get("name"):
        labels["kubernetes.io/metadata.name"] = obj["metadata"]["name"]


def _canonical(kind: Kind, amounts: dict[str, Any]) -> None:
    for key, value in amounts.items():
        amounts[key] = canonical(kind, value)


def canonical(kind: Kind, value: Any) -> str:
    """A quantity as the server writes it. Raises StatusError (400), which is what a real server answers here."""
    try:
        return quantities.canonical(value)
    except ValueError as error:
        message = f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {error}'
        raise status.bad_request(message) from error


_BY_KIND: dict[Kind, Callable[[Object], None]] = {
    kinds.PODS: _pod,
    kinds.DEPLOYMENTS: _deployment,
    kinds.REPLICA_SETS: _replica_set,
    kinds.STATEFUL_SETS: _stateful_set,
    kinds.JOBS: _job,
    kinds.CLAIMS: _claim,
    kinds.SERVICES: _service,
    kinds.SECRETS: _secret,
    kinds.QUOTAS: _quota,
    kinds.NODES: _node,
    kinds.NAMESPACES: _namespace,
}
