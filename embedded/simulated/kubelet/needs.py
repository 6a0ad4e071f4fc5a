"""What a container needs of Secrets and ConfigMaps before it can be created."""

from collections.abc import Iterator
from typing import Any

from embedded.simulated import kinds, objects
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from embedded.simulated.store import Store

_REFERENCES = {
    "secretKeyRef": kinds.SECRETS,
    "configMapKeyRef": kinds.CONFIG_MAPS,
    "secretRef": kinds.SECRETS,
    "configMapRef": kinds.CONFIG_MAPS,
}


def missing(store: Store, pod: Object, container: Object) -> str | None:
    """The first thing its environment refers to that is not there, in the kubelet's words."""
    namespace = objects.namespace(pod)
    for kind, reference in _references(container):
        if reference.get("optional"):
            continue
        word = kind.kind.lower()
        found = store.get(kind, namespace, reference["name"])
        if found is None:
            return f'{word} "{reference["name"]}" not found'
        if "key" in reference and reference["key"] not in (found.get("data") or {}):
            return f"couldn't find key {reference['key']} in {kind.kind} {namespace}/{reference['name']}"
    return None


def missing_volume(store: Store, pod: Object) -> str | None:
    """The first volume that cannot be mounted because what it shows is not there, in the kubelet's words."""
    for volume in objects.spec(pod).get("volumes") or []:
        for source, kind, field in (
            ("secret", kinds.SECRETS, "secretName"),
            ("configMap", kinds.CONFIG_MAPS, "name"),
        ):
            wanted = volume.get(source)
            if wanted and not wanted.get("optional") and not store.get(kind, objects.namespace(pod), wanted[field]):
                word = kind.kind.lower()
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {word} "{wanted[field]}" not found'
    return None


def _references(container: Object) -> Iterator[tuple[Kind, dict[str, Any]]]:
    sources = [entry.get("valueFrom") or {} for entry in container.get("env") or []]
    for source in [*sources, *(container.get("envFrom") or [])]:
        for field, kind in _REFERENCES.items():
            if source.get(field):
                yield kind, source[field]
