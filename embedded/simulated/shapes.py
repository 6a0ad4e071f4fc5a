"""Refuses bodies whose parts have the wrong JSON type, so that everything behind it may rely on their shape."""

from typing import Any

from embedded.simulated import status
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object

_TEXTS = ("name", "generateName", "namespace", "uid", "resourceVersion")
_TEXT_MAPS = ("labels", "annotations")
_PARTS = ("spec", "status")
_OBJECTS = ("spec", "metadata", "template", "strategy", "resources", "requests", "limits", "selector")
_OBJECT_LISTS = ("containers", "initContainers", "volumes", "volumeMounts", "ports", "ownerReferences", "env", "rules")
_NUMBERS = ("replicas", "completions", "parallelism", "backoffLimit", "progressDeadlineSeconds")


def check(kind: Kind, obj: Any) -> None:
    """Raises StatusError (400) naming the field whose type is wrong."""
    if not isinstance(obj, dict):
        raise _refusal(kind, "the body", "an object")
    given = obj.get("kind", kind.kind), obj.get("apiVersion", kind.api_version)
    if given != (kind.kind, kind.api_version):
        raise status.bad_request(f"{given[1]}, Kind={given[0]} in the body is not the {kind.kind} of the path")
    if not isinstance(obj.setdefault("metadata", {}), dict):
        raise _refusal(kind, "metadata", "an object")
    _check_metadata(kind, obj["metadata"])
    for field in _PARTS:
        if obj.get(field) is not None and not isinstance(obj[field], dict):
            raise _refusal(kind, field, "an object")
    for field in ("data", "stringData"):
        if obj.get(field) is not None and not _is_text_map(obj[field]):
            raise _refusal(kind, field, "an object of strings")
    _check_tree(kind, obj.get("spec") or {}, "spec")


def _check_metadata(kind: Kind, metadata: Object) -> None:
    for field in _TEXTS:
        if metadata.get(field) is not None and not isinstance(metadata[field], str):
            raise _refusal(kind, f"metadata.{field}", "a string")
    for field in _TEXT_MAPS:
        values = metadata.get(field)
        if values is not None and not _is_text_map(values):
            raise _refusal(kind, f"metadata.{field}", "an object of strings")


def _check_tree(kind: Kind, tree: dict[str, Any], path: str) -> None:
    for field, value in tree.items():
        place = f"{path}.{field}"
        if value is None:
            continue
        if field in _OBJECTS and not isinstance(value, dict):
            raise _refusal(kind, place, "an object")
        if field in _OBJECT_LISTS and not _is_object_list(value):
            raise _refusal(kind, place, "a list of objects")
        if field in _NUMBERS and (not isinstance(value, int) or isinstance(value, bool)):
            raise _refusal(kind, place, "an integer")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and field not in ("matchLabels", "labels", "annotations", "nodeSelector"):
                _check_tree(kind, item, place)


def _is_text_map(values: Any) -> bool:
    return isinstance(values, dict) and all(isinstance(value, str) for value in values.values())


def _is_object_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _refusal(kind: Kind, field: str, expected: str) -> status.StatusError:
    why = f"json: {field} must be {expected}"
    return status.bad_request(f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}')
