"""Binds claims to volumes of their own, and lets a claim go only when no pod uses it any more."""

from collections.abc import Iterable

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.recorder import Recorder
from embedded.simulated.objects import Object
from embedded.simulated.registry import Place, Registry, place_of
from embedded.simulated.store import Change
from embedded.simulated.strategy import CLAIM_PROTECTION

# Classes whose claims stay Pending, so that a test can see what then happens: there is no such class, or nobody
# provisions for it, or (until a pod uses it) nobody is there to provide for.
UNKNOWN_CLASSES = frozenset({"none", "unknown-class"})
UNPROVISIONED = "unprovisioned"
FIRST_CONSUMER = "first-consumer"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
_ABSENT = (
    "Waiting for a volume to be created either by the external provisioner 'simulated.reprise.dev/absent' or manually "
    "by the system administrator. If volume creation is delayed, please verify that the provisioner is running and "
    "correctly registered."
)
_NO_CONSUMER = "waiting for first consumer to be created before binding"


class ClaimController:
    """Provisions, binds and protects PersistentVolumeClaims."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._events = Recorder(registry, "persistentvolume-controller")

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.CLAIMS:
            if change.after is None:
                self._release(change.object)
            else:
                yield objects.namespace(change.object), objects.name(change.object)
        elif change.kind is kinds.PODS and change.after is None:
            yield from ((objects.namespace(change.object), claim) for claim in claims_of(change.object))

    def reconcile(self, key: Key) -> float | None:
        claim = self._registry.store.get(kinds.CLAIMS, *key)
        if claim is None:
            return None
        if objects.is_deleting(claim):
            self._unprotect(claim)
        elif not objects.spec(claim).get("volumeName"):
            self._bind(claim)
        return None

    def _bind(self, claim: Object) -> None:
        storage_class = objects.spec(claim).get("storageClassName") or ""
        if storage_class in UNKNOWN_CLASSES:
            message = f'storageclass.storage.k8s.io "{storage_class}" not found'
            self._events.record(kinds.CLAIMS, claim, "ProvisioningFailed", message, "Warning")
            return
        if storage_class == UNPROVISIONED:
            self._events.record(kinds.CLAIMS, claim, "ExternalProvisioning", _ABSENT)
            return
        if waits_for_its_consumer(claim):
            self._events.record(kinds.CLAIMS, claim, "WaitForFirstConsumer", _NO_CONSUMER)
            return
        volume = self._create_volume(claim)
        before = self._registry.get(place_of(kinds.CLAIMS, claim))
        after = objects.clone(before)
        after["spec"]["volumeName"] = objects.name(volume)
        annotations = objects.meta(after).setdefault("annotations", {})
        annotations |= {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}
        after["status"] = {
            **objects.status(after),
            "phase": "Bound",
            "accessModes": objects.spec(claim)["accessModes"],
            "capacity": {"storage": objects.spec(claim)["resources"]["requests"]["storage"]},
        }
        self._registry.write(place_of(kinds.CLAIMS, claim), before, after, tools.WRITER)

    def _create_volume(self, claim: Object) -> Object:
        name = f"pv-{objects.uid(claim)}"
        existing = self._registry.store.get(kinds.VOLUMES, "", name)
        if existing is not None:
            return existing
        spec = objects.spec(claim)
        volume: Object = {
            "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "accessModes": spec["accessModes"],
                "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": spec.get("storageClassName") or "",
                "volumeMode": spec["volumeMode"],
                "claimRef": {
                    "kind": "PersistentVolumeClaim",
                    "apiVersion": "v1",
                    "namespace": objects.namespace(claim),
                    "name": objects.name(claim),
                    "uid": objects.uid(claim),
                },
            },
        }
        created = self._registry.create(kinds.VOLUMES, "", volume, tools.WRITER)
        self._registry.set_status(kinds.VOLUMES, created, {"phase": "Bound"}, tools.MANAGER)
        return created

    def _unprotect(self, claim: Object) -> None:
        if CLAIM_PROTECTION not in objects.finalizers(claim) or self._is_used(claim):
            return

        def edit(draft: Object) -> None:
            objects.meta(draft)["finalizers"] = [name for name in objects.finalizers(draft) if name != CLAIM_PROTECTION]

        self._registry.change(place_of(kinds.CLAIMS, claim), edit, tools.WRITER)

    def _is_used(self, claim: Object) -> bool:
        """Only pods that a node has hold a claim, ended ones too; who is not bound yet does not."""
        pods = self._registry.store.select(kinds.PODS, objects.namespace(claim))
        return any(objects.spec(pod).get("nodeName") and objects.name(claim) in claims_of(pod) for pod in pods)

    def _release(self, claim: Object) -> None:
        volume = self._registry.store.get(*_volume_place(claim))
        if volume is not None:
            tools.delete(self._registry, kinds.VOLUMES, volume)


def waits_for_its_consumer(claim: Object) -> bool:
    """Whether its volume is made once the scheduler has found a node for a pod that uses it."""
    spec = objects.spec(claim)
    delayed = spec.get("storageClassName") == FIRST_CONSUMER and not spec.get("volumeName")
    return delayed and SELECTED_NODE not in objects.annotations(claim)


def claims_of(pod: Object) -> list[str]:
    """The names of the claims a pod mounts."""
    volumes = objects.spec(pod).get("volumes") or []
    return [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if volume.get("persistentVolumeClaim")]


def _volume_place(claim: Object) -> tuple[kinds.Kind, str, str]:
    place = Place(kinds.VOLUMES, "", objects.spec(claim).get("volumeName", ""))
    return place.kind, place.namespace, place.name
