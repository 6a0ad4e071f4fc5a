"""Binds pods to nodes that have room, and says of the others why not, in the real scheduler's words."""

from collections.abc import Iterable
from decimal import Decimal

from embedded.simulated import amounts, fitting, kinds, objects
from embedded.simulated.amounts import Amounts
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.claims import FIRST_CONSUMER, SELECTED_NODE, claims_of, waits_for_its_consumer
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.recorder import Recorder
from embedded.simulated.fitting import Node
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry, place_of
from embedded.simulated.store import Change

_NAME = "kube-scheduler"
_EVERYTHING: Key = ("all",)


class Scheduler:
    """All waiting pods are looked at whenever anything changed that could make room, oldest first."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._store = registry, registry.store
        self._events = Recorder(registry, "default-scheduler")

    def keys(self, change: Change) -> Iterable[Key]:
        if _makes_a_difference(change):
            yield _EVERYTHING

    def reconcile(self, key: Key) -> float | None:
        waiting = [pod for pod in self._store.select(kinds.PODS) if _is_waiting(pod)]
        if not waiting:
            return None
        nodes = self._nodes()
        for pod in sorted(waiting, key=lambda pod: (objects.meta(pod)["creationTimestamp"], objects.name(pod))):
            self._schedule(pod, nodes)
        return None

    def _nodes(self) -> list[Node]:
        used: dict[str, Amounts] = {}
        for pod in self._store.select(kinds.PODS):
            name = objects.spec(pod).get("nodeName")
            if name and not amounts.is_over(pod):
                asked = {**amounts.of_pod(pod), "pods": Decimal(1)}
                used[name] = amounts.add(used.get(name, {}), asked)
        return [Node(node, used.get(objects.name(node), {})) for node in self._store.select(kinds.NODES)]

    def _schedule(self, pod: Object, nodes: list[Node]) -> None:
        refusal = self._claims_refusal(pod, len(nodes))
        if refusal is None:
            chosen, refusal = fitting.choose(pod, nodes)
            if chosen is not None:
                chosen.take(pod)
                if self._has_its_volumes(pod, chosen.name):
                    self._bind(pod, chosen.name)
                return
        self._refuse(pod, refusal)

    def _claims_refusal(self, pod: Object, nodes: int) -> str | None:
        """Volumes come first: a pod whose claim is missing or unbound fits nowhere."""
        if not nodes:
            return None
        for name in claims_of(pod):
            claim = self._store.get(kinds.CLAIMS, objects.namespace(pod), name)
            if claim is None:
                return f'0/{nodes} nodes are available: persistentvolumeclaim "{name}" not found. not found'
            if objects.is_deleting(claim):
                return f'0/{nodes} nodes are available: persistentvolumeclaim "{name}" is being deleted. not found'
            delayed = objects.spec(claim).get("storageClassName") == FIRST_CONSUMER
            if not objects.spec(claim).get("volumeName") and not delayed:
                return f"0/{nodes} nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
        return None

    def _has_its_volumes(self, pod: Object, node: str) -> bool:
        """Ask for the volumes that have waited for a node; the pod is looked at again when they are there."""
        claims = [self._store.get(kinds.CLAIMS, objects.namespace(pod), name) for name in claims_of(pod)]
        for claim in claims:
            if claim is not None and waits_for_its_consumer(claim):

                def edit(draft: Object) -> None:
                    objects.meta(draft).setdefault("annotations", {})[SELECTED_NODE] = node

                self._registry.change(place_of(kinds.CLAIMS, claim), edit, Writer(_NAME))
        return all(claim is not None and objects.spec(claim).get("volumeName") for claim in claims)

    def _bind(self, pod: Object, node: str) -> None:
        after = objects.clone(pod)
        after["spec"]["nodeName"] = node
        conditions = tools.with_condition(
            objects.status(pod).get("conditions") or [],
            "PodScheduled",
            "True",
            lastProbeTime=None,
            observedGeneration=objects.generation(pod),
        )
        after["status"]["conditions"] = conditions
        self._registry.write(place_of(kinds.PODS, pod), pod, after, Writer(_NAME))
        where = f"{objects.namespace(pod)}/{objects.name(pod)}"
        self._events.record(kinds.PODS, pod, "Scheduled", f"Successfully assigned {where} to {node}")

    def _refuse(self, pod: Object, why: str) -> None:
        conditions = tools.with_condition(
            objects.status(pod).get("conditions") or [],
            "PodScheduled",
            "False",
            "Unschedulable",
            why,
            lastProbeTime=None,
            observedGeneration=objects.generation(pod),
        )
        if conditions != objects.status(pod).get("conditions"):
            self._registry.set_status(kinds.PODS, pod, {**objects.status(pod), "conditions": conditions}, _NAME)
            self._events.record(kinds.PODS, pod, "FailedScheduling", why, "Warning")


def _is_waiting(pod: Object) -> bool:
    spec = objects.spec(pod)
    held = spec.get("nodeName") or spec.get("schedulingGates") or objects.is_deleting(pod) or amounts.is_over(pod)
    return not held and spec["schedulerName"] == "default-scheduler"


def _makes_a_difference(change: Change) -> bool:
    """Of pods only coming, going and ending count: what a kubelet reports in between frees nothing."""
    if change.kind is kinds.CLAIMS:
        return True
    if change.kind is kinds.NODES:
        return change.before is None or change.after is None or _room(change.before) != _room(change.after)
    if change.kind is not kinds.PODS:
        return False
    if change.before is None or change.after is None:
        return True
    return amounts.is_over(change.before) != amounts.is_over(change.after)


def _room(node: Object) -> tuple[object, ...]:
    return objects.spec(node), objects.labels(node), objects.status(node).get("allocatable")
