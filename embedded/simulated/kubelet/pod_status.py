"""Sums the states of its containers up to a pod's phase and conditions."""

from typing import Any

from embedded.simulated import objects
from embedded.simulated.controllers import tools
from embedded.simulated.kubelet.container import Container, State, is_finished
from embedded.simulated.objects import Object

HOST_ADDRESS = "127.0.0.1"


def summed(pod: Object, init: list[tuple[Container, State]], main: list[tuple[Container, State]]) -> dict[str, Any]:
    """The pod's whole status; source: pkg/kubelet/status/generate.go of Kubernetes."""
    before = objects.status(pod)
    phase = _phase(init, main)
    status = {
        **before,
        "phase": phase,
        "hostIP": HOST_ADDRESS,
        "hostIPs": [{"ip": HOST_ADDRESS}],
        "podIP": _address(pod),
        "podIPs": [{"ip": _address(pod)}],
        "startTime": before.get("startTime") or objects.now(),
        "conditions": _conditions(pod, phase, init, main),
        "containerStatuses": [state for _, state in main],
        "observedGeneration": objects.generation(pod),
    }
    return {**status, "initContainerStatuses": [state for _, state in init]} if init else status


def succeeded(state: State) -> bool:
    ended = state["state"].get("terminated")
    return ended is not None and ended["exitCode"] == 0


def _phase(init: list[tuple[Container, State]], main: list[tuple[Container, State]]) -> str:
    if any(is_finished(container, state) and not succeeded(state) for container, state in init):
        return "Failed"
    if not all(succeeded(state) for _, state in init):
        return "Pending"
    if all(is_finished(container, state) for container, state in main):
        return "Succeeded" if all(succeeded(state) for _, state in main) else "Failed"
    begun = all("waiting" not in state["state"] or state["lastState"] for _, state in main)
    return "Running" if begun else "Pending"


def _conditions(
    pod: Object, phase: str, init: list[tuple[Container, State]], main: list[tuple[Container, State]]
) -> list[dict[str, Any]]:
    incomplete = [container.name for container, state in init if not succeeded(state)]
    unready = [container.name for container, state in main if not state["ready"]]
    wanted = [
        ("PodReadyToStartContainers", "True", "", ""),
        _told("Initialized", incomplete, "ContainersNotInitialized", "incomplete"),
        _readiness("ContainersReady", phase, unready),
        _readiness("Ready", phase, unready),
    ]
    conditions = objects.status(pod).get("conditions") or []
    for kind, state, reason, message in wanted:
        more = {"lastProbeTime": None, "observedGeneration": objects.generation(pod)}
        conditions = tools.with_condition(conditions, kind, state, reason, message, **more)
    return conditions


def _readiness(kind: str, phase: str, unready: list[str]) -> tuple[str, str, str, str]:
    if phase in ("Succeeded", "Failed"):
        return kind, "False", "PodCompleted" if phase == "Succeeded" else "PodFailed", ""
    return _told(kind, unready, "ContainersNotReady", "unready")


def _told(kind: str, names: list[str], reason: str, word: str) -> tuple[str, str, str, str]:
    if not names:
        return kind, "True", "", ""
    return kind, "False", reason, f"containers with {word} status: [{' '.join(names)}]"


def _address(pod: Object) -> str:
    number = int(objects.uid(pod)[:4], 16)
    return f"10.244.{number >> 8}.{number & 255}"
