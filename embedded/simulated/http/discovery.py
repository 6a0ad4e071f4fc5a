"""What kubectl asks first: which groups, versions and resources there are."""

from typing import Any

from aiohttp import web

from embedded.simulated import kinds
from embedded.simulated.http import bodies
from embedded.simulated.kinds import Kind

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
# The behaviour that is imitated; the suffix tells it from a real one.
VERSION = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.0-simulated",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "simulated",
}


def answer(path: str) -> web.Response | None:
    """The discovery document under this path, if it is one."""
    parts = path.strip("/").split("/")
    match parts:
        case ["version"]:
            return bodies.answer(VERSION)
        case ["healthz" | "readyz" | "livez"]:
            return web.Response(text="ok")
        case ["api"]:
            return bodies.answer({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        case ["apis"]:
            return bodies.answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups()})
        case ["api", "v1"]:
            return _resources("", "v1")
        case ["apis", group]:
            return _group_answer(group)
        case ["apis", group, version]:
            return _resources(group, version)
        case _:
            return None


def _groups() -> list[dict[str, Any]]:
    return [_group(group, version) for group, version in kinds.group_versions() if group]


def _group(group: str, version: str) -> dict[str, Any]:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _group_answer(name: str) -> web.Response | None:
    found = next((group for group in _groups() if group["name"] == name), None)
    return bodies.answer({"kind": "APIGroup", "apiVersion": "v1", **found}) if found else None


def _resources(group: str, version: str) -> web.Response | None:
    found = [entry for kind in kinds.in_group(group, version) for entry in _entries(kind)]
    if not found:
        return None
    group_version = f"{group}/{version}" if group else version
    body = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}
    return bodies.answer(body)


def _entries(kind: Kind) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _VERBS,
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    parts = [("status", kind.has_status, kind.kind), ("scale", kind.has_scale, "Scale")]
    below = [
        {"name": f"{kind.plural}/{part}", "singularName": "", "namespaced": kind.namespaced, "kind": shown}
        | {"verbs": ["get", "patch", "update"]}
        for part, served, shown in parts
        if served
    ]
    return [entry, *below]
