"""Reads and copies Kubernetes objects kept as plain JSON trees, so that nobody else spells out metadata paths."""

import datetime
import secrets
import uuid
from typing import Any

Object = dict[str, Any]

# The alphabet Kubernetes draws generated suffixes from: no vowels, so no words.
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def clone(value: Any) -> Any:
    """A deep copy of a JSON tree (several times faster than copy.deepcopy)."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def now() -> str:
    """The present time as Kubernetes writes metav1.Time: RFC 3339, UTC, whole seconds."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_now() -> str:
    """The present time as Kubernetes writes metav1.MicroTime."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_from_now(seconds: int) -> str:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return later.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def new_uid() -> str:
    return str(uuid.uuid4())


def suffix(length: int = 5) -> str:
    return "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(length))


def meta(obj: Object) -> dict[str, Any]:
    found: dict[str, Any] = obj["metadata"]
    return found


def name(obj: Object) -> str:
    return str(meta(obj)["name"])


def namespace(obj: Object) -> str:
    return str(meta(obj).get("namespace", ""))


def uid(obj: Object) -> str:
    return str(meta(obj)["uid"])


def revision(obj: Object) -> int:
    return int(meta(obj)["resourceVersion"])


def generation(obj: Object) -> int:
    return int(meta(obj).get("generation", 0))


def labels(obj: Object) -> dict[str, str]:
    return meta(obj).get("labels") or {}


def annotations(obj: Object) -> dict[str, str]:
    return meta(obj).get("annotations") or {}


def finalizers(obj: Object) -> list[str]:
    return meta(obj).get("finalizers") or []


def owners(obj: Object) -> list[dict[str, Any]]:
    return meta(obj).get("ownerReferences") or []


def controller_uid(obj: Object) -> str | None:
    return next((str(owner["uid"]) for owner in owners(obj) if owner.get("controller")), None)


def is_deleting(obj: Object) -> bool:
    return bool(meta(obj).get("deletionTimestamp"))


def status(obj: Object) -> dict[str, Any]:
    return obj.get("status") or {}


def spec(obj: Object) -> dict[str, Any]:
    return obj.get("spec") or {}


def at(tree: Any, *path: str) -> Any:
    """The value under a path of keys, or None where any part of it is missing."""
    for key in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree


def condition(obj: Object, kind: str) -> dict[str, Any] | None:
    return next((entry for entry in status(obj).get("conditions") or [] if entry["type"] == kind), None)
