"""Puts the cluster together: store, API, controllers, scheduler, kubelet, and the nodes it begins with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from embedded.simulated import kinds, objects
from embedded.simulated.controllers import tools
from embedded.simulated.controllers.claims import ClaimController
from embedded.simulated.controllers.deployment import DeploymentController
from embedded.simulated.controllers.garbage import GarbageCollector
from embedded.simulated.controllers.job import JobController
from embedded.simulated.controllers.loop import Controller, Loop
from embedded.simulated.controllers.namespaces import NamespaceController
from embedded.simulated.controllers.nodes import LIVES, NodeController
from embedded.simulated.controllers.quotas import QuotaController
from embedded.simulated.controllers.replicaset import ReplicaSetController
from embedded.simulated.controllers.statefulset import StatefulSetController
from embedded.simulated.disk import Disk
from embedded.simulated.kubelet.kubelet import Kubelet
from embedded.simulated.kubelet.pace import Pace
from embedded.simulated.managed import Writer
from embedded.simulated.registry import Registry
from embedded.simulated.scheduler import Scheduler
from embedded.simulated.store import Store

_FIRST_NAMESPACES = ("default", "kube-system")
_PODS_PER_NODE = "110"


@dataclass(frozen=True, slots=True)
class Options:
    """What a new cluster begins with; an existing one keeps its nodes as they are."""

    cpu: str = "4"
    memory: str = "8Gi"
    nodes: int = 1
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The parts that are used from outside."""

    registry: Registry
    loop: Loop


@contextmanager
def opened(data: Path, options: Options) -> Iterator[Cluster]:
    """The cluster whose state lies in `data`, made there first if need be."""
    data.mkdir(parents=True, exist_ok=True)
    disk = Disk(data / "cluster.sqlite")
    try:
        store = Store(disk)
        registry = Registry(store)
        _furnish(registry, options)
        yield Cluster(registry, Loop(store, _controllers(registry, options)))
    finally:
        disk.close()


def _controllers(registry: Registry, options: Options) -> tuple[Controller, ...]:
    return (
        NamespaceController(registry),
        NodeController(registry, _room(options), options.pace.silence),
        GarbageCollector(registry),
        ClaimController(registry),
        QuotaController(registry),
        DeploymentController(registry),
        ReplicaSetController(registry),
        StatefulSetController(registry),
        JobController(registry, options.pace.backoff),
        Scheduler(registry),
        Kubelet(registry, options.pace),
    )


def _furnish(registry: Registry, options: Options) -> None:
    writer = Writer("cluster")
    for name in _FIRST_NAMESPACES:
        if registry.store.get(kinds.NAMESPACES, "", name) is None:
            registry.create(kinds.NAMESPACES, "", {"metadata": {"name": name}}, writer)
    if registry.store.select(kinds.NODES):
        return
    for index in range(options.nodes):
        registry.create(kinds.NODES, "", _node(f"node-{index}", options), writer)


def _node(name: str, options: Options) -> objects.Object:
    room = _room(options)
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
        "status": {
            "capacity": room,
            "allocatable": dict(room),
            "conditions": tools.with_condition([], "Ready", *LIVES),
        },
    }


def _room(options: Options) -> dict[str, str]:
    return {"cpu": options.cpu, "memory": options.memory, "pods": _PODS_PER_NODE}
