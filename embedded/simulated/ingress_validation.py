"""What the API server asks of an Ingress: hosts, paths, and where they lead."""

import re
from collections.abc import Iterator
from typing import Any

from embedded.simulated import objects
from embedded.simulated.objects import Object
from embedded.simulated.status import Cause, invalid_value, required, unsupported

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME = re.compile(f"^{_SUBDOMAIN}$")
_HOST = re.compile(rf"^(\*\.)?{_SUBDOMAIN}$")
_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_SUBDOMAIN}')"
)


def check_ingress(obj: Object) -> Iterator[Cause]:
    """A cause for each field at fault."""
    spec = objects.spec(obj)
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield invalid_value("spec", "null", "either `defaultBackend` or `rules` must be specified")
    yield from _name(spec.get("ingressClassName"), "spec.ingressClassName")
    for index, entry in enumerate(spec.get("tls") or []):
        for place, host in enumerate(entry.get("hosts") or []):
            yield from _name(host, f"spec.tls[{index}].hosts[{place}]", _HOST)
        yield from _name(entry.get("secretName"), f"spec.tls[{index}].secretName")
    for index, rule in enumerate(spec.get("rules") or []):
        yield from _rule(rule, f"spec.rules[{index}]")


def _name(value: str | None, field: str, pattern: re.Pattern[str] = _NAME) -> Iterator[Cause]:
    if value and not pattern.match(value):
        yield invalid_value(field, f'"{value}"', _RULE)


def _rule(rule: dict[str, Any], place: str) -> Iterator[Cause]:
    yield from _name(rule.get("host"), f"{place}.host", _HOST)
    if "http" not in rule:
        return
    paths = rule["http"].get("paths")
    if not paths:
        yield required(f"{place}.http.paths")
    for index, path in enumerate(paths or []):
        yield from _path(path, f"{place}.http.paths[{index}]")


def _path(path: dict[str, Any], place: str) -> Iterator[Cause]:
    kind = path.get("pathType")
    if kind is None:
        yield required(f"{place}.pathType", "pathType must be specified")
    elif kind not in _TYPES:
        yield unsupported(f"{place}.pathType", kind, _TYPES)
    elif not path.get("path", "/").startswith("/"):
        yield invalid_value(f"{place}.path", f'"{path["path"]}"', "must be an absolute path")
    yield from _backend(path.get("backend") or {}, f"{place}.backend")


def _backend(backend: dict[str, Any], place: str) -> Iterator[Cause]:
    if not backend.get("service") and not backend.get("resource"):
        yield invalid_value(place, '""', "resource or service backend is required")
        return
    port = (backend.get("service") or {}).get("port") or {}
    if port.get("name") and port.get("number"):
        yield invalid_value(place, '""', "cannot set both port name & port number")
    elif backend.get("service") and not (port.get("name") or port.get("number")):
        yield required(place, "port name or number is required")
