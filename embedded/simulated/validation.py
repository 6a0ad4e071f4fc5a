"""Refuses plainly invalid objects, naming the field at fault in the API server's own words."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from embedded.simulated import kinds, objects, selectors, status
from embedded.simulated.ingress_validation import check_ingress
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from embedded.simulated.pod_validation import check_pod_spec
from embedded.simulated.status import Cause, invalid_value, required

_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_LABEL_NAMED = frozenset({kinds.NAMESPACES, kinds.SERVICES})
_FROZEN_SET = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CHANGEABLE_OF_SET = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
)
_FROZEN_CLAIM = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_FROZEN_POD = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)

Check = Callable[[Object], Iterator[Cause]]


def check_new(kind: Kind, obj: Object) -> None:
    """Raises StatusError (422) with a cause for each field at fault."""
    _refuse(kind, obj, [*_metadata(kind, obj), *_content(kind, obj)])


def check_changed(kind: Kind, before: Object, after: Object) -> None:
    """As for a new object, and what may never change did not. Raises StatusError (422)."""
    _refuse(kind, after, [*_metadata(kind, after), *_content(kind, after), *_frozen(kind, before, after)])


def _refuse(kind: Kind, obj: Object, causes: list[Cause]) -> None:
    if causes:
        raise status.invalid(kind, objects.meta(obj).get("name", ""), causes)


def _metadata(kind: Kind, obj: Object) -> Iterator[Cause]:
    name = objects.meta(obj).get("name") or ""
    pattern, rule, limit = (_LABEL, _LABEL_RULE, 63) if kind in _LABEL_NAMED else (_SUBDOMAIN, _SUBDOMAIN_RULE, 253)
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif len(name) > limit:
        yield Cause("FieldValueTooLong", "metadata.name", f"Too long: may not be more than {limit} bytes")
    elif not pattern.match(name):
        yield invalid_value("metadata.name", f'"{name}"', rule)
    yield from _labels(objects.labels(obj))


def _labels(labels: dict[str, str]) -> Iterator[Cause]:
    for value in labels.values():
        if len(value) > 63:
            yield invalid_value("metadata.labels", f'"{value}"', "must be no more than 63 bytes")
        elif not _LABEL_VALUE.match(value):
            yield invalid_value("metadata.labels", f'"{value}"', _LABEL_VALUE_RULE)


def _content(kind: Kind, obj: Object) -> Iterator[Cause]:
    check = _BY_KIND.get(kind)
    return check(obj) if check else iter(())


def _pod(obj: Object) -> Iterator[Cause]:
    return check_pod_spec(objects.spec(obj), "spec")


def _workload(obj: Object) -> Iterator[Cause]:
    spec = objects.spec(obj)
    labels = objects.at(spec, "template", "metadata", "labels")
    if not spec.get("selector"):
        yield required("spec.selector")
    if not selectors.matches(spec.get("selector"), labels or {}):
        shown = orjson.dumps(labels).decode()
        yield invalid_value("spec.template.metadata.labels", shown, "`selector` does not match template `labels`")
    if spec.get("replicas", 0) < 0:
        yield invalid_value("spec.replicas", str(spec["replicas"]), "must be greater than or equal to 0")
    claims = [objects.name(claim) for claim in spec.get("volumeClaimTemplates") or []]
    yield from check_pod_spec(spec["template"]["spec"], "spec.template.spec", claims)


def _deployment(obj: Object) -> Iterator[Cause]:
    yield from _workload(obj)
    strategy = objects.spec(obj)["strategy"]
    if strategy["type"] not in ("Recreate", "RollingUpdate"):
        yield status.unsupported("spec.strategy.type", strategy["type"], ("Recreate", "RollingUpdate"))
    if strategy["type"] == "Recreate" and strategy.get("rollingUpdate"):
        detail = "may not be specified when strategy `type` is 'Recreate'"
        yield status.forbidden_value("spec.strategy.rollingUpdate", detail)


def _job(obj: Object) -> Iterator[Cause]:
    spec = objects.spec(obj)
    policy = spec["template"]["spec"]["restartPolicy"]
    if policy not in ("OnFailure", "Never"):
        yield status.unsupported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never"))
    yield from check_pod_spec(spec["template"]["spec"], "spec.template.spec")


def _claim(obj: Object) -> Iterator[Cause]:
    spec = objects.spec(obj)
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if not objects.at(spec, "resources", "requests", "storage"):
        yield required("spec.resources[storage]")


def _service(obj: Object) -> Iterator[Cause]:
    spec = objects.spec(obj)
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and spec["type"] != "ExternalName":
        yield required("spec.ports")
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield required(f"spec.ports[{index}].name")
        number = port.get("port")
        if not isinstance(number, int) or not 0 < number < 65536:
            yield invalid_value(f"spec.ports[{index}].port", str(number), "must be between 1 and 65535, inclusive")


def _frozen(kind: Kind, before: Object, after: Object) -> Iterator[Cause]:
    old, new = objects.spec(before), objects.spec(after)
    if kind in (kinds.DEPLOYMENTS, kinds.REPLICA_SETS) and old.get("selector") != new.get("selector"):
        yield invalid_value("spec.selector", orjson.dumps(new.get("selector")).decode(), "field is immutable")
    if kind is kinds.JOBS:
        for field in ("template", "selector", "completions"):
            if old.get(field) != new.get(field):
                yield invalid_value(f"spec.{field}", orjson.dumps(new.get(field)).decode(), "field is immutable")
    if kind is kinds.STATEFUL_SETS and _without(old, _CHANGEABLE_OF_SET) != _without(new, _CHANGEABLE_OF_SET):
        yield status.forbidden_value("spec", _FROZEN_SET)
    if kind is kinds.CLAIMS and _without(old, {"resources"}) != _without(new, {"resources"}):
        yield status.forbidden_value("spec", _FROZEN_CLAIM)
    if kind is kinds.PODS and _pod_core(old) != _pod_core(new):
        yield status.forbidden_value("spec", _FROZEN_POD)
    if kind is kinds.SECRETS and before.get("type") != after.get("type"):
        yield invalid_value("type", f'"{after.get("type")}"', "field is immutable")
    if kind is kinds.SERVICES and old.get("clusterIP") != new.get("clusterIP"):
        shown = orjson.dumps([new.get("clusterIP")]).decode()
        yield invalid_value("spec.clusterIPs[0]", shown, "may not change once set")


def _without(spec: dict[str, Any], fields: frozenset[str] | set[str]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in fields}


def _pod_core(spec: dict[str, Any]) -> dict[str, Any]:
    core = _without(spec, {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"})
    for group in ("containers", "initContainers"):
        core[group] = [_without(container, {"image"}) for container in spec.get(group) or []]
    return core


_BY_KIND: dict[Kind, Check] = {
    kinds.PODS: _pod,
    kinds.DEPLOYMENTS: _deployment,
    kinds.REPLICA_SETS: _workload,
    kinds.STATEFUL_SETS: _workload,
    kinds.JOBS: _job,
    kinds.CLAIMS: _claim,
    kinds.SERVICES: _service,
    kinds.INGRESSES: check_ingress,
}
