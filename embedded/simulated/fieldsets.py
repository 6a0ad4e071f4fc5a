"""Sets of fields, as managedFields names them: taken from an object, compared, written as FieldsV1."""

import json
from collections.abc import Iterator
from typing import Any

from embedded.simulated import merging
from embedded.simulated.objects import Object

# A field is a tuple of FieldsV1 path elements: ("f:spec", "f:replicas"). A keyed list item is itself a field.
Field = tuple[str, ...]
Fields = dict[Field, Any]

# Set by the server, so never owned by anybody.
_SYSTEM = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    }
)
_ITEM = object()


def of(obj: Object) -> Fields:
    """Every field of an object that can be owned, with its value."""
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SYSTEM}
    rest = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    tree = {**rest, "metadata": metadata} if metadata else rest
    return dict(_walk(tree, (), "")) if tree else {}


def encode(fields: set[Field]) -> dict[str, Any]:
    """The set as FieldsV1."""
    tree: dict[str, Any] = {}
    for field in sorted(fields):
        node = tree
        for element in field:
            node = node.setdefault(element, {})
        if not field[-1].startswith("f:"):
            node["."] = {}
    return _without_lonely_dots(tree)


def decode(tree: dict[str, Any]) -> set[Field]:
    return set(_decode(tree, ()))


def path_text(field: Field) -> str:
    """The field as conflict messages write it: .spec.template.spec.containers[name="web"].image"""
    return "".join(_element_text(element) for element in field)


def remove(tree: Any, field: Field) -> None:
    """Take one field out of an object, and what it leaves empty with it."""
    head, rest = field[0], field[1:]
    if head.startswith("f:") and isinstance(tree, dict):
        _remove_key(tree, head[2:], rest)
    elif isinstance(tree, list):
        _remove_item(tree, head, rest)


def _remove_key(tree: dict[str, Any], key: str, rest: Field) -> None:
    if not rest:
        tree.pop(key, None)
    elif key in tree:
        remove(tree[key], rest)
        if tree[key] in ({}, []):
            del tree[key]


def _remove_item(items: list[Any], element: str, rest: Field) -> None:
    wanted = json.loads(element[2:])
    for index, item in enumerate(items):
        if _is_item(item, wanted):
            if rest:
                remove(item, rest)
            else:
                del items[index]
            return


def _is_item(item: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(item == wanted)
    return isinstance(item, dict) and merging.key_values(item, tuple(wanted)) == tuple(wanted.values())


def _walk(value: Any, path: Field, name: str) -> Iterator[tuple[Field, Any]]:
    if isinstance(value, dict) and value and not (path and merging.is_atomic(name)):
        for key, item in value.items():
            yield from _walk(item, (*path, f"f:{key}"), key)
    elif isinstance(value, list) and value and not merging.is_atomic(name):
        yield from _walk_list(value, path, name)
    else:
        yield path, value


def _walk_list(items: list[Any], path: Field, name: str) -> Iterator[tuple[Field, Any]]:
    keys = merging.keys_of(name, items)
    if keys is not None:
        for item in items:
            place = (*path, merging.key_element(item, keys))
            atomic = merging.is_item_atomic(name)
            yield place, item if atomic else _ITEM
            if not atomic:
                yield from _walk(item, place, "")
    elif merging.is_set(name):
        for item in items:
            yield (*path, "v:" + json.dumps(item)), item
    else:
        yield path, items


def _decode(tree: dict[str, Any], path: Field) -> Iterator[Field]:
    for element, below in tree.items():
        if element == ".":
            # On a map or list it only says who made it; items of keyed lists are fields themselves.
            if path and not path[-1].startswith("f:"):
                yield path
        elif below:
            yield from _decode(below, (*path, element))
        else:
            yield (*path, element)


def _without_lonely_dots(tree: dict[str, Any]) -> dict[str, Any]:
    """An item all of which is owned as one is written {}, not {".": {}}."""
    return {key: {} if below == {".": {}} else _without_lonely_dots(below) for key, below in tree.items()}


def _element_text(element: str) -> str:
    if element.startswith("f:"):
        return f".{element[2:]}"
    content = json.loads(element[2:])
    if not isinstance(content, dict):
        return f"[={json.dumps(content)}]"
    return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in content.items()) + "]"
