"""Moves every bound pod along: init containers in order, then the others, until it is deleted."""

import time
from collections.abc import Iterable

from embedded.simulated import deletion, kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.loop import Key
from embedded.simulated.controllers.nodes import is_silent
from embedded.simulated.controllers.recorder import Recorder
from embedded.simulated.kubelet import container as containers
from embedded.simulated.kubelet import needs, pod_status
from embedded.simulated.kubelet.container import Container, State
from embedded.simulated.kubelet.pace import Pace
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Registry, place_of
from embedded.simulated.store import Change

_NAME = "kubelet"
_UNHEALTHY = "Readiness probe failed: HTTP probe failed with statuscode: 503"
Pairs = list[tuple[Container, State]]


class Kubelet:
    """One for all nodes. How far a pod is stands in its status; only how long it stays there is remembered here."""

    def __init__(self, registry: Registry, pace: Pace) -> None:
        self._registry, self._pace = registry, pace
        self._events = Recorder(registry, _NAME)
        # By uid: the moment (monotonic) before which nothing more happens to the pod.
        self._not_before: dict[str, float] = {}

    def keys(self, change: Change) -> Iterable[Key]:
        if change.kind is not kinds.PODS:
            return
        if change.after is None:
            self._not_before.pop(objects.uid(change.object), None)
        elif objects.spec(change.object).get("nodeName"):
            yield objects.namespace(change.object), objects.name(change.object)

    def reconcile(self, key: Key) -> float | None:
        pod = self._registry.store.get(kinds.PODS, *key)
        if pod is None:
            return None
        if self._is_on_a_silent_node(pod):
            # once it is heard of again it reports all of its pods
            self._not_before.pop(objects.uid(pod), None)
            return self._pace.retry
        if objects.is_deleting(pod):
            return self._stop(pod)
        if tools.has_ended(pod):
            return None
        left = self._not_before.get(objects.uid(pod), 0.0) - time.monotonic()
        return left if left > 0 else self._move(pod)

    def _is_on_a_silent_node(self, pod: Object) -> bool:
        node = self._registry.store.get(kinds.NODES, "", objects.spec(pod)["nodeName"])
        return node is not None and is_silent(node)

    def _stop(self, pod: Object) -> float | None:
        stopping = f"{objects.uid(pod)} stops"
        if stopping not in self._not_before:
            self._not_before[stopping] = time.monotonic() + self._pace.stop
        left = self._not_before[stopping] - time.monotonic()
        if left > 0:
            return left
        del self._not_before[stopping]
        if objects.meta(pod).get("deletionGracePeriodSeconds"):
            options = deletion.Options(uid=objects.uid(pod), grace=0)
            deletion.delete(self._registry, place_of(kinds.PODS, pod), options, Writer(_NAME))
        return None

    def _move(self, pod: Object) -> float | None:
        init = self._pairs(pod, "initContainers", "initContainerStatuses")
        main = self._pairs(pod, "containers", "containerStatuses")
        if "containerStatuses" not in objects.status(pod):
            # Seen for the first time: everything waits, and the first step follows when the pod would be set up.
            delay: float | None = 0.0 if init else _start(self._pace, main)
        elif (problem := needs.missing_volume(self._registry.store, pod)) is not None:
            reason, message = problem
            self._events.record(kinds.PODS, pod, reason, message, "Warning")
            delay = self._pace.retry
        else:
            init, main, delay = self._advance(pod, init, main)
        self._not_before[objects.uid(pod)] = time.monotonic() + delay if delay is not None else float("inf")
        self._registry.set_status(kinds.PODS, pod, pod_status.summed(pod, init, main), _NAME)
        return delay

    def _advance(self, pod: Object, init: Pairs, main: Pairs) -> tuple[Pairs, Pairs, float | None]:
        for index, (container, state) in enumerate(init):
            if not pod_status.succeeded(state):
                state, delay = self._step(container, state)
                init[index] = (container, state)
                done = pod_status.succeeded(state) and index == len(init) - 1
                return init, main, _start(self._pace, main) if done else delay if delay is not None else 0.0
        moved = [(container, self._step(container, state)) for container, state in main]
        delays = [delay for _, (_, delay) in moved if delay is not None]
        return init, [(container, state) for container, (state, _) in moved], min(delays, default=None)

    def _step(self, container: Container, state: State) -> tuple[State, float | None]:
        problem = needs.missing(self._registry.store, container.pod, container.spec)
        moved, delay = containers.step(container, state, self._pace, problem)
        self._tell(container, state, moved)
        return moved, delay

    def _tell(self, container: Container, before: State, after: State) -> None:
        waiting = after["state"].get("waiting") or {}
        reason = waiting.get("reason")
        if reason == (before["state"].get("waiting") or {}).get("reason"):
            return
        if reason == "ErrImagePull":
            message = f'Failed to pull image "{container.image}": {waiting["message"]}'
            self._events.record(kinds.PODS, container.pod, "Failed", message, "Warning")
        elif reason == "ImagePullBackOff":
            message = f'Back-off pulling image "{container.image}"'
            self._events.record(kinds.PODS, container.pod, "BackOff", message)
        elif reason == "CrashLoopBackOff":
            message = f"Back-off restarting failed container {container.name} in pod {objects.name(container.pod)}"
            self._events.record(kinds.PODS, container.pod, "BackOff", message, "Warning")
        elif reason == "InvalidImageName":
            self._events.record(kinds.PODS, container.pod, "InspectFailed", waiting["message"], "Warning")
        elif reason == "CreateContainerConfigError":
            self._events.record(kinds.PODS, container.pod, "Failed", f"Error: {waiting['message']}", "Warning")
        elif "running" in after["state"]:
            self._events.record(kinds.PODS, container.pod, "Started", f"Container started: {container.name}")
            if container.is_unready:
                self._events.record(kinds.PODS, container.pod, "Unhealthy", _UNHEALTHY, "Warning")

    def _pairs(self, pod: Object, group: str, field: str) -> Pairs:
        """Each container with its state; a new one waits, in the words a kubelet uses before and without init."""
        known = {state["name"]: state for state in objects.status(pod).get(field) or []}
        reason = "PodInitializing" if objects.spec(pod).get("initContainers") else "ContainerCreating"
        pairs = []
        for spec in objects.spec(pod).get(group) or []:
            container = Container(pod, spec, group == "initContainers")
            pairs.append((container, known.get(container.name) or containers.waiting(container, reason)))
        return pairs


def _start(pace: Pace, main: Pairs) -> float:
    return pace.start_of(container.image for container, _ in main)
