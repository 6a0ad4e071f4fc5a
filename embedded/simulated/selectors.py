"""Label and field selectors: parses what a request or an object asks for and says what matches."""

import re
from collections.abc import Callable
from typing import Any

from embedded.simulated import objects, status
from embedded.simulated.kinds import EVENTS, PODS, Kind
from embedded.simulated.objects import Object

Matcher = Callable[[Object], bool]
Labels = dict[str, str]
_LabelTest = Callable[[Labels], bool]

_TERMS = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"^([\w./-]+)\s+(in|notin)\s*\(([^)]*)\)$")
_EQUALITY = re.compile(r"^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$")
_EXISTS = re.compile(r"^(!?)\s*([\w./-]+)$")

_EVENT_FIELDS = tuple(
    f"involvedObject.{part}"
    for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
)
_FIELDS: dict[str, tuple[str, ...]] = {
    PODS.kind: (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
    ),
    EVENTS.kind: (*_EVENT_FIELDS, "reason", "reportingComponent", "source", "type"),
    "Namespace": ("status.phase",),
    "Secret": ("type",),
    "Node": ("spec.unschedulable",),
    "Job": ("status.successful",),
    "ReplicaSet": ("status.replicas",),
}


def parse(kind: Kind, label_text: str, field_text: str) -> Matcher | None:
    """What a list, watch or deletecollection restricts itself to; None for everything.

    Raises StatusError (400) for a selector that cannot be parsed or a field that cannot be selected by.
    """
    tests = [_on_labels(test) for test in map(_label_term, _split(label_text))]
    tests += [_field_term(kind, term) for term in _split(field_text)]
    if not tests:
        return None
    return lambda obj: all(test(obj) for test in tests)


def matches(selector: dict[str, Any] | None, labels: Labels) -> bool:
    """Whether a LabelSelector (matchLabels, matchExpressions) selects these labels; an absent one selects nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(entry, labels) for entry in selector.get("matchExpressions") or [])


def to_text(selector: dict[str, Any] | None) -> str:
    """The selector as the /scale subresource shows it."""
    return ",".join(f"{key}={value}" for key, value in sorted(((selector or {}).get("matchLabels") or {}).items()))


def requirement(key: str, operator: str, values: list[str], labels: Labels) -> bool:
    """One node-selector or label-selector requirement."""
    return _expression({"key": key, "operator": operator, "values": values}, labels)


def _split(text: str) -> list[str]:
    return [term.strip() for term in _TERMS.split(text)] if text.strip() else []


def _on_labels(test: _LabelTest) -> Matcher:
    return lambda obj: test(objects.labels(obj))


def _label_term(term: str) -> _LabelTest:
    if found := _SET.match(term):
        key, operator, values = found[1], found[2], {value.strip() for value in found[3].split(",")}
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUALITY.match(term):
        key, operator, value = found.groups()
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(term):
        absent, key = bool(found[1]), found[2]
        return lambda labels: (key not in labels) == absent
    raise status.bad_request(f"unable to parse requirement: {term!r}")


def _field_term(kind: Kind, term: str) -> Matcher:
    found = re.match(r"^([^!=]+)(==|=|!=)(.*)$", term)
    if found is None:
        raise status.bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    path, operator, value = found.groups()
    if path not in ("metadata.name", "metadata.namespace", *_FIELDS.get(kind.kind, ())):
        raise status.bad_request(f"field label not supported: {path}")
    keys, equal = tuple(path.split(".")), operator != "!="
    return lambda obj: (_as_text(objects.at(obj, *keys)) == value) == equal


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _expression(entry: dict[str, Any], labels: Labels) -> bool:
    value, values = labels.get(entry["key"]), entry.get("values") or []
    match entry["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return _is_number(value) and int(value or 0) > int(values[0])
        case "Lt":
            return _is_number(value) and int(value or 0) < int(values[0])
        case _:
            return False


def _is_number(value: str | None) -> bool:
    return value is not None and re.fullmatch(r"[+-]?[0-9]+", value) is not None
