"""Rolls a Deployment's pod template out: one ReplicaSet a template, all pods at once or step by step."""

from collections.abc import Iterable

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import deployment_status, rollout, tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.recorder import Recorder
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry, place_of
from embedded.simulated.status import StatusError
from embedded.simulated.store import Change

_REVISION = "deployment.kubernetes.io/revision"
_HASH_LABEL = "pod-template-hash"


class DeploymentController:
    """Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/"""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._events = Recorder(registry, "deployment-controller")

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.DEPLOYMENTS:
            yield objects.namespace(change.object), objects.name(change.object)
        elif change.kind is kinds.REPLICA_SETS and (owner := tools.owner_key(change.object, kinds.DEPLOYMENTS)):
            yield owner
        elif change.kind is kinds.PODS and change.after is None:
            # Recreate waits for the last old pod to be gone, which no ReplicaSet's status may tell.
            yield from self._deployment_of(change.object)

    def reconcile(self, key: Key) -> float | None:
        found = self._registry.store.get(kinds.DEPLOYMENTS, *key)
        if found is None:
            return None
        if not objects.is_deleting(found):
            self._roll_out(found)
        current = self._registry.store.get(kinds.DEPLOYMENTS, *key)
        return self._write_status(current) if current is not None else None

    def _deployment_of(self, pod: Object) -> Iterable[Key]:
        uid = objects.controller_uid(pod)
        owner = self._registry.store.by_uid(uid) if uid else None
        if owner is not None and (key := tools.owner_key(owner[1], kinds.DEPLOYMENTS)):
            yield key

    def _roll_out(self, found: Object) -> None:
        new, old = self._sets(found)
        if objects.spec(found).get("paused"):
            if new is not None:
                self._scale(found, new, objects.spec(found)["replicas"])
            return
        if objects.spec(found)["strategy"]["type"] == "Recreate":
            self._recreate(found, new, old)
        else:
            self._roll(found, new, old)
        self._forget_old(found, old)

    def _recreate(self, found: Object, new: Object | None, old: list[Object]) -> None:
        for replica_set in old:
            self._scale(found, replica_set, 0)
        if any(not tools.has_ended(pod) for entry in old for pod in tools.pods_of(self._registry, entry)):
            return
        new = new or self._create_set(found, 0, old)
        self._scale(found, new, objects.spec(found)["replicas"])

    def _roll(self, found: Object, new: Object | None, old: list[Object]) -> None:
        new = new or self._create_set(found, 0, old)
        plan = rollout.plan(found, new, old)
        for replica_set, replicas in plan:
            self._scale(found, replica_set, replicas)

    def _sets(self, found: Object) -> tuple[Object | None, list[Object]]:
        """The ReplicaSet of the present template, and the others, oldest first."""
        owned = self._registry.store.controlled(kinds.REPLICA_SETS, objects.uid(found))
        owned = sorted(owned, key=lambda entry: (objects.meta(entry)["creationTimestamp"], objects.revision(entry)))
        new = next((entry for entry in owned if _template_of(entry) == objects.spec(found)["template"]), None)
        return new, [entry for entry in owned if entry is not new]

    def _create_set(self, found: Object, replicas: int, old: list[Object]) -> Object:
        template = objects.clone(objects.spec(found)["template"])
        suffix = tools.template_hash(template)
        labels = {**(template["metadata"].get("labels") or {}), _HASH_LABEL: suffix}
        template["metadata"]["labels"] = labels
        revision = str(max((int(objects.annotations(entry).get(_REVISION, 0)) for entry in old), default=0) + 1)
        wanted: Object = {
            "metadata": {
                "name": f"{objects.name(found)}-{suffix}",
                "labels": dict(labels),
                "annotations": {_REVISION: revision},
                "ownerReferences": [tools.owner_reference(kinds.DEPLOYMENTS, found)],
            },
            "spec": {
                "replicas": replicas,
                "selector": _narrowed(objects.spec(found)["selector"], suffix),
                "template": template,
                "minReadySeconds": objects.spec(found).get("minReadySeconds", 0),
            },
        }
        try:
            created = self._registry.create(kinds.REPLICA_SETS, objects.namespace(found), wanted, tools.WRITER)
        except StatusError as refused:
            self._tell(found, f'Failed to create new replica set "{wanted["metadata"]["name"]}": {refused}')
            raise
        self._note_revision(found, revision)
        return created

    def _tell(self, found: Object, why: str) -> None:
        after = deployment_status.without_set(found, why)
        self._registry.set_status(kinds.DEPLOYMENTS, found, after, tools.MANAGER)

    def _note_revision(self, found: Object, revision: str) -> None:
        """The real controller writes this annotation with the status, so that it does not count as a change."""
        after = objects.clone(found)
        objects.meta(after).setdefault("annotations", {})[_REVISION] = revision
        self._registry.write(
            place_of(kinds.DEPLOYMENTS, found), found, after, Writer(tools.MANAGER, subresource="status")
        )

    def _scale(self, found: Object, replica_set: Object, replicas: int) -> None:
        before = objects.spec(replica_set)["replicas"]
        if before == replicas or objects.is_deleting(replica_set):
            return

        def edit(draft: Object) -> None:
            draft["spec"]["replicas"] = replicas

        self._registry.change(place_of(kinds.REPLICA_SETS, replica_set), edit, tools.WRITER)
        direction = "up" if replicas > before else "down"
        message = f"Scaled {direction} replica set {objects.name(replica_set)} from {before} to {replicas}"
        self._events.record(kinds.DEPLOYMENTS, found, "ScalingReplicaSet", message)

    def _forget_old(self, found: Object, old: list[Object]) -> None:
        idle = [entry for entry in old if not objects.spec(entry)["replicas"] and not entry["status"].get("replicas")]
        surplus = len(idle) - objects.spec(found)["revisionHistoryLimit"]
        for replica_set in idle[: max(surplus, 0)]:
            tools.delete(self._registry, kinds.REPLICA_SETS, replica_set)

    def _write_status(self, found: Object) -> float | None:
        new, old = self._sets(found)
        status, again = deployment_status.observe(found, new, old)
        self._registry.set_status(kinds.DEPLOYMENTS, found, status, tools.MANAGER)
        return again


def _template_of(replica_set: Object) -> Object:
    """The template as the Deployment wrote it, without the label that tells ReplicaSets apart."""
    template: Object = objects.spec(replica_set)["template"]
    labels = dict(objects.at(template, "metadata", "labels") or {})
    labels.pop(_HASH_LABEL, None)
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def _narrowed(selector: Object, suffix: str) -> Object:
    return {**objects.clone(selector), "matchLabels": {**(selector.get("matchLabels") or {}), _HASH_LABEL: suffix}}
