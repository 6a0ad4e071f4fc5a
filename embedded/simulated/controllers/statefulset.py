"""Keeps a StatefulSet's pods by ordinal, each with its own name and claims."""

from collections.abc import Iterable
from typing import Any

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.recorder import Recorder
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry
from embedded.simulated.status import StatusError
from embedded.simulated.store import Change

_REVISION_LABEL = "controller-revision-hash"


class StatefulSetController:
    """Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._store = registry, registry.store
        self._events = Recorder(registry, "statefulset-controller")

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.STATEFUL_SETS:
            yield objects.namespace(change.object), objects.name(change.object)
        elif change.kind is kinds.PODS and (owner := tools.owner_key(change.object, kinds.STATEFUL_SETS)):
            yield owner

    def reconcile(self, key: Key) -> float | None:
        found = self._store.get(kinds.STATEFUL_SETS, *key)
        if found is None:
            return None
        try:
            if not objects.is_deleting(found):
                self._manage(found)
        finally:
            self._write_status(found)
        return None

    def _manage(self, found: Object) -> None:
        pods = {objects.name(pod): pod for pod in tools.pods_of(self._registry, found)}
        wanted = [f"{objects.name(found)}-{ordinal}" for ordinal in range(objects.spec(found)["replicas"])]
        parallel = objects.spec(found)["podManagementPolicy"] == "Parallel"
        for ordinal, name in enumerate(wanted):
            if not self._keep(found, ordinal, pods.get(name)) and not parallel:
                return
        if not self._shrink(found, pods, wanted, parallel=parallel):
            self._update(found, [pods[name] for name in wanted if name in pods])

    def _keep(self, found: Object, ordinal: int, pod: Object | None) -> bool:
        """See to one ordinal; False while its pod is not there and ready, so that the next has to wait."""
        self._create_claims(found, ordinal)
        if pod is None:
            self._create_pod(found, ordinal)
            return False
        if tools.has_ended(pod):
            tools.delete(self._registry, kinds.PODS, pod)
        return tools.is_active(pod) and tools.is_ready(pod)

    def _shrink(self, found: Object, pods: dict[str, Object], wanted: list[str], *, parallel: bool) -> bool:
        surplus = sorted((pod for name, pod in pods.items() if name not in wanted), key=_ordinal, reverse=True)
        for pod in surplus if parallel else surplus[:1]:
            tools.delete(self._registry, kinds.PODS, pod)
            self._told(found, pod, "delete")
        return bool(surplus)

    def _update(self, found: Object, pods: list[Object]) -> None:
        """One pod at a time, the highest ordinal first, gets the present template."""
        update = objects.spec(found)["updateStrategy"]
        if update["type"] != "RollingUpdate":
            return
        partition = (update.get("rollingUpdate") or {}).get("partition", 0)
        for pod in reversed(pods[partition:]):
            if objects.labels(pod).get(_REVISION_LABEL) != _revision(found):
                tools.delete(self._registry, kinds.PODS, pod)
                return
            if not tools.is_ready(pod):
                return

    def _create_claims(self, found: Object, ordinal: int) -> None:
        for template in objects.spec(found).get("volumeClaimTemplates") or []:
            name = _claim_name(template, found, ordinal)
            if self._store.get(kinds.CLAIMS, objects.namespace(found), name) is None:
                claim = self._claim(found, template, name)
                self._registry.create(kinds.CLAIMS, objects.namespace(found), claim, tools.WRITER)
                owner = objects.name(found)
                message = f"create Claim {name} Pod {owner}-{ordinal} in StatefulSet {owner} success"
                self._events.record(kinds.STATEFUL_SETS, found, "SuccessfulCreate", message)

    def _claim(self, found: Object, template: Object, name: str) -> Object:
        labels = {**objects.labels(template), **(objects.spec(found)["selector"].get("matchLabels") or {})}
        metadata: dict[str, Any] = {"name": name, "labels": labels}
        if objects.annotations(template):
            metadata["annotations"] = dict(objects.annotations(template))
        if objects.spec(found)["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete":
            metadata["ownerReferences"] = [tools.owner_reference(kinds.STATEFUL_SETS, found)]
        return {"metadata": metadata, "spec": objects.clone(template["spec"])}

    def _create_pod(self, found: Object, ordinal: int) -> None:
        name = f"{objects.name(found)}-{ordinal}"
        pod = tools.pod_from(objects.spec(found)["template"], kinds.STATEFUL_SETS, found)
        pod["metadata"]["name"] = name
        pod["metadata"]["labels"] |= {
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
            _REVISION_LABEL: _revision(found),
        }
        pod["spec"] |= {"hostname": name, "subdomain": objects.spec(found).get("serviceName", "")}
        _mount_claims(pod, found, ordinal)
        try:
            self._registry.create(kinds.PODS, objects.namespace(found), pod, tools.WRITER)
        except StatusError as refused:
            message = f"create Pod {name} in StatefulSet {objects.name(found)} failed error: {refused}"
            self._events.record(kinds.STATEFUL_SETS, found, "FailedCreate", message, "Warning")
            raise
        self._told(found, pod, "create")

    def _told(self, found: Object, pod: Object, verb: str) -> None:
        reason = f"Successful{verb.capitalize()}"
        message = f"{verb} Pod {objects.name(pod)} in StatefulSet {objects.name(found)} successful"
        self._events.record(kinds.STATEFUL_SETS, found, reason, message)

    def _write_status(self, found: Object) -> None:
        pods = [pod for pod in tools.pods_of(self._registry, found) if not tools.has_ended(pod)]
        active = [pod for pod in pods if tools.is_active(pod)]
        ready = sum(tools.is_ready(pod) for pod in active)
        revision = _revision(found)
        updated = sum(objects.labels(pod).get(_REVISION_LABEL) == revision for pod in active)
        all_updated = updated == len(active)
        status: dict[str, Any] = {
            "observedGeneration": objects.generation(found),
            "replicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "currentReplicas": updated if all_updated else len(active) - updated,
            "updatedReplicas": updated,
            "currentRevision": revision if all_updated else objects.status(found).get("currentRevision", revision),
            "updateRevision": revision,
            "collisionCount": 0,
        }
        shown = {key: value for key, value in status.items() if value or key in _ALWAYS_SHOWN}
        self._registry.set_status(kinds.STATEFUL_SETS, found, shown, tools.MANAGER)


_ALWAYS_SHOWN = ("replicas", "availableReplicas", "collisionCount")


def _revision(found: Object) -> str:
    return f"{objects.name(found)}-{tools.template_hash(objects.spec(found)['template'])}"


def _claim_name(template: Object, found: Object, ordinal: int) -> str:
    return f"{objects.name(template)}-{objects.name(found)}-{ordinal}"


def _ordinal(pod: Object) -> int:
    return int(objects.name(pod).rpartition("-")[2])


def _mount_claims(pod: Object, found: Object, ordinal: int) -> None:
    templates = objects.spec(found).get("volumeClaimTemplates") or []
    own = {objects.name(template) for template in templates}
    kept = [volume for volume in pod["spec"].get("volumes") or [] if volume["name"] not in own]
    claimed = [
        {"name": objects.name(template), "persistentVolumeClaim": {"claimName": _claim_name(template, found, ordinal)}}
        for template in templates
    ]
    pod["spec"]["volumes"] = [*claimed, *kept]
