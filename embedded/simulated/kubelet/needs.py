"""What a container needs of Secrets and ConfigMaps before it can be created."""

from collections.abc import Iterator
from typing import Any

from embedded.simulated import kinds, objects
from embedded.simulated.kinds import Kind
from embedded.simulated.objects import Object
from embedded.simulated.store import Store

UNATTACHABLE = "unattachable"
_REFERENCES = {
    "secretKeyRef": kinds.SECRETS,
    "configMapKeyRef": kinds.CONFIG_MAPS,
    "secretRef": kinds.SECRETS,
    "configMapRef": kinds.CONFIG_MAPS,
}


def missing(store: Store, pod: Object, container: Object) -> str | None:
    """Why it is refused, or the first thing its environment refers to that is not there, in the kubelet's words."""
    namespace = objects.namespace(pod)
    if "asroot" in container["image"]:
        whose = f'pod: "{objects.name(pod)}_{namespace}({objects.uid(pod)})", container: {container["name"]}'
        return f"container has runAsNonRoot and image will run as root ({whose})"
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


def missing_volume(store: Store, pod: Object) -> tuple[str, str] | None:
    """The first volume that cannot be mounted: reason and message of the event, in the kubelet's words."""
    for volume in objects.spec(pod).get("volumes") or []:
        if (detached := _unattachable(store, pod, volume)) is not None:
            return "FailedAttachVolume", detached
        for source, kind, field in (
            ("secret", kinds.SECRETS, "secretName"),
            ("configMap", kinds.CONFIG_MAPS, "name"),
        ):
            wanted = volume.get(source)
            if wanted and not wanted.get("optional") and not store.get(kind, objects.namespace(pod), wanted[field]):
                word = kind.kind.lower()
                missing = f'{word} "{wanted[field]}" not found'
                return "FailedMount", f'MountVolume.SetUp failed for volume "{volume["name"]}" : {missing}'
    return None


def _unattachable(store: Store, pod: Object, volume: Object) -> str | None:
    claim = store.get(kinds.CLAIMS, objects.namespace(pod), volume.get("persistentVolumeClaim", {}).get("claimName"))
    if claim is None or objects.spec(claim).get("storageClassName") != UNATTACHABLE:
        return None
    why = "rpc error: code = Internal desc = no such disk: its storage class is named so"
    return f'AttachVolume.Attach failed for volume "{objects.spec(claim)["volumeName"]}" : {why}'


def _references(container: Object) -> Iterator[tuple[Kind, dict[str, Any]]]:
    sources = [entry.get("valueFrom") or {} for entry in container.get("env") or []]
    for source in [*sources, *(container.get("envFrom") or [])]:
        for field, kind in _REFERENCES.items():
            if source.get(field):
                yield kind, source[field]
