"""The patch formats of the Kubernetes API other than apply: JSON patch, merge patch, strategic merge patch."""

from typing import Any

from embedded.simulated import merging, objects, status

_DIRECTIVE = "$patch"
_DELETE_FROM_SET = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return objects.clone(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def strategic(target: Any, patch: Any, field: str = "") -> Any:
    """A merge patch that knows keyed lists.

    Source: https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
    """
    if isinstance(patch, dict):
        return _strategic_map(target if isinstance(target, dict) else {}, patch)
    if isinstance(patch, list):
        return _strategic_list(target if isinstance(target, list) else [], patch, field)
    return patch


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902. Raises StatusError (400, or 422 where a test fails or a path is missing)."""
    if not isinstance(operations, list):
        raise status.bad_request("a JSON patch is a list of operations")
    document = objects.clone(target)
    for operation in operations:
        try:
            document = _json_operation(document, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            why = f"the server rejected our request due to an error in our request: {error}"
            raise status.StatusError(422, "Invalid", why, {}) from error
    return document


def _strategic_map(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    directive = patch.get(_DIRECTIVE)
    if directive == "delete":
        return {}
    merged = {} if directive == "replace" else dict(target)
    for key, value in patch.items():
        if key in (_DIRECTIVE, _RETAIN) or key.startswith(_ORDER):
            continue
        if key.startswith(_DELETE_FROM_SET):
            name = key.removeprefix(_DELETE_FROM_SET)
            merged[name] = [item for item in merged.get(name) or [] if item not in value]
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = strategic(merged.get(key), value, key)
    return _retain(merged, patch)


def _retain(merged: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    kept = patch.get(_RETAIN)
    return {key: value for key, value in merged.items() if key in kept} if kept is not None else merged


def _strategic_list(target: list[Any], patch: list[Any], field: str) -> list[Any]:
    items = [item for item in patch if not _is_replace_marker(item)]
    if len(items) < len(patch):
        return list(objects.clone(items))
    if merging.is_set(field):
        return [*target, *(item for item in items if item not in target)]
    keys = merging.keys_of(field, [*target, *items])
    if keys is None:
        return list(objects.clone(items))
    by_key = {merging.key_values(item, keys): item for item in target}
    for item in items:
        key = merging.key_values(item, keys)
        if item.get(_DIRECTIVE) == "delete":
            by_key.pop(key, None)
        else:
            by_key[key] = _strategic_map(by_key.get(key, {}), item)
    return list(by_key.values())


def _is_replace_marker(item: Any) -> bool:
    return isinstance(item, dict) and item == {_DIRECTIVE: "replace"}


def _json_operation(document: Any, operation: dict[str, Any]) -> Any:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "test":
            if _read(document, path) != operation["value"]:
                raise ValueError(f"testing value {operation['path']} failed")
        case "add" | "replace" | "remove":
            return _write(document, path, operation)
        case "move" | "copy":
            source = _pointer(operation["from"])
            value = objects.clone(_read(document, source))
            if operation["op"] == "move":
                document = _write(document, source, {"op": "remove"})
            return _write(document, path, {"op": "add", "value": value})
        case other:
            raise ValueError(f"Unexpected kind: {other}")
    return document


def _pointer(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _read(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _write(document: Any, path: list[str], operation: dict[str, Any]) -> Any:
    if not path:
        return operation["value"]
    parent, last = _read(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        _write_item(parent, last, operation)
    elif operation["op"] == "remove":
        del parent[last]
    else:
        parent[last] = operation["value"]
    return document


def _write_item(items: list[Any], place: str, operation: dict[str, Any]) -> None:
    index = len(items) if place == "-" else int(place)
    if operation["op"] == "add":
        items.insert(index, operation["value"])
    elif operation["op"] == "remove":
        del items[index]
    else:
        items[index] = operation["value"]
