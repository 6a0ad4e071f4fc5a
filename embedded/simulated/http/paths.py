"""What a path of the API names: a kind, maybe in a namespace, maybe one object, maybe a part of it."""

import re
from dataclasses import dataclass

from embedded.simulated import kinds
from embedded.simulated.kinds import Kind

_PATH = re.compile(
    r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>[^/]+))?/?$"
)
# /api/v1/namespaces/NAME is an object, not a collection inside a namespace.
_NAMESPACE = re.compile(r"^/api/v1/namespaces/(?P<name>[^/]+)(?:/(?P<subresource>status|finalize))?/?$")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes; an empty name means the collection."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse(path: str) -> Target | None:
    """None for a path that names nothing this server has."""
    if found := _NAMESPACE.match(path):
        return Target(kinds.NAMESPACES, "", found["name"], found["subresource"] or "")
    found = _PATH.match(path)
    if found is None:
        return None
    group, version = ("", "v1") if found["core"] else (found["group"], found["version"])
    kind = kinds.by_path(group, version, found["plural"])
    if kind is None or (found["namespace"] and not kind.namespaced):
        return None
    return _checked(Target(kind, found["namespace"] or "", found["name"] or "", found["subresource"] or ""))


def _checked(target: Target) -> Target | None:
    kind = target.kind
    if target.name and kind.namespaced and not target.namespace:
        return None
    served = {"": True, "status": kind.has_status, "scale": kind.has_scale}
    return target if served.get(target.subresource) else None
