"""Refuses plainly invalid pod specs, alone or in a template."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from embedded.simulated import quantities
from embedded.simulated.status import Cause, duplicate, invalid_value, not_found_value, required, unsupported

_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_POLICIES = ("Always", "Never", "OnFailure")


def check_pod_spec(spec: dict[str, Any], path: str, claims: Iterable[str] = ()) -> Iterator[Cause]:
    """A cause for each field at fault; `path` is where the spec stands in its object.

    `claims` are the volumes that a StatefulSet adds to each of its pods.
    """
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    if spec["restartPolicy"] not in _POLICIES:
        yield unsupported(f"{path}.restartPolicy", spec["restartPolicy"], _POLICIES)
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}.union(claims)
    names: set[str] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or []):
            yield from _container(container, f"{path}.{group}[{index}]", volumes, names)


def _container(container: dict[str, Any], path: str, volumes: set[Any], names: set[str]) -> Iterator[Cause]:
    name = container.get("name") or ""
    if not name:
        yield required(f"{path}.name")
    elif not _LABEL.match(name):
        yield invalid_value(f"{path}.name", f'"{name}"', _LABEL_RULE)
    elif name in names:
        yield duplicate(f"{path}.name", f'"{name}"')
    names.add(name)
    if not container.get("image"):
        yield required(f"{path}.image")
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            yield not_found_value(f"{path}.volumeMounts[{index}].name", f'"{mount.get("name")}"')
    yield from _resources(container["resources"], f"{path}.resources")


def _resources(resources: dict[str, Any], path: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for group in ("limits", "requests"):
        for key, value in (resources.get(group) or {}).items():
            if quantities.parse(value) < 0:
                yield invalid_value(f"{path}.{group}[{key}]", f'"{value}"', "must be greater than or equal to 0")
    for key, value in (resources.get("requests") or {}).items():
        if key in limits and quantities.parse(value) > quantities.parse(limits[key]):
            detail = f"must be less than or equal to {key} limit of {limits[key]}"
            yield invalid_value(f"{path}.requests", f'"{value}"', detail)
