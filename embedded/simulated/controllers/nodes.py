"""Takes new nodes in, and gives up those whose kubelets are not heard of."""

import time
from collections.abc import Iterable
from typing import Any

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry, place_of
from embedded.simulated.store import Change

SILENT = "simulated.reprise.dev/silent"
"""The annotation of a node whose kubelet says nothing any more."""
_UNREACHABLE = "node.kubernetes.io/unreachable"
LIVES = ("True", "KubeletReady", "the node reports what it is told")
_LOST = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")


class NodeController:
    """A node without a size gets `room`; one that is silent for `grace` seconds takes no more pods."""

    def __init__(self, registry: Registry, room: dict[str, str], grace: float) -> None:
        self._registry, self._room, self._grace = registry, room, grace
        # By name: since when (monotonic) a node is silent.
        self._silent_since: dict[str, float] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is kinds.NODES:
            yield (objects.name(change.object),)

    def reconcile(self, key: Key) -> float | None:
        node = self._registry.store.get(kinds.NODES, "", key[0])
        if node is None or not is_silent(node):
            self._silent_since.pop(key[0], None)
            if node is not None:
                self._say(node, LIVES, taints=[])
            return None
        left = self._silent_since.setdefault(key[0], time.monotonic()) + self._grace - time.monotonic()
        if left > 0:
            return left
        effects = ("NoSchedule", "NoExecute")
        self._say(node, _LOST, [{"key": _UNREACHABLE, "effect": effect} for effect in effects])
        for pod in self._registry.store.select(kinds.PODS):
            if objects.spec(pod).get("nodeName") == key[0]:
                self._doubt(pod)
        return None

    def _say(self, node: Object, words: tuple[str, str, str], taints: list[dict[str, Any]]) -> None:
        before = objects.status(node)
        told = {**before, "conditions": tools.with_condition(before.get("conditions") or [], "Ready", *words)}
        if not before.get("allocatable"):
            told |= {"capacity": self._room, "allocatable": self._room}
        if told != before:
            self._registry.set_status(kinds.NODES, node, told, tools.MANAGER)
        others = [taint for taint in objects.spec(node).get("taints") or [] if taint["key"] != _UNREACHABLE]
        if others + taints != (objects.spec(node).get("taints") or []):

            def edit(draft: Object) -> None:
                draft["spec"]["taints"] = others + taints

            self._registry.change(place_of(kinds.NODES, node), edit, tools.WRITER)

    def _doubt(self, pod: Object) -> None:
        """Nobody knows of it any more whether it serves."""
        conditions = objects.status(pod).get("conditions") or []
        doubted = tools.with_condition(conditions, "Ready", "False")
        if doubted != conditions and not tools.has_ended(pod):
            self._registry.set_status(kinds.PODS, pod, {**objects.status(pod), "conditions": doubted}, tools.MANAGER)


def is_silent(node: Object) -> bool:
    return SILENT in objects.annotations(node)
