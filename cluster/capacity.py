"""Whether a request seems to fit the cluster now, and what is short: a hint, since the scheduler decides."""

from asyncio import gather
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from cluster.client import Cluster
from cluster.conditions import condition
from cluster.kinds import NODE, POD, Object
from schemas.errors import ClusterRefused
from schemas.quantities import amount
from schemas.views import Capacity, NodeRoom

CPU, MEMORY = "cpu", "memory"


@dataclass(frozen=True, slots=True)
class Room:
    """Cores and bytes."""

    cpu: Decimal = Decimal(0)
    memory: Decimal = Decimal(0)

    def __add__(self, other: "Room") -> "Room":
        return Room(self.cpu + other.cpu, self.memory + other.memory)

    def larger(self, other: "Room") -> "Room":
        """The larger of each."""
        return Room(max(self.cpu, other.cpu), max(self.memory, other.memory))


async def capacity(cluster: Cluster, cpu: str, memory: str) -> Capacity:
    """Compare a request with the room of every node.

    `fits` is None where Reprise may not read nodes or the pods of other namespaces. Raises ClusterDown.
    """
    try:
        nodes, pods = await gather(cluster.select(NODE), cluster.select(POD, everywhere=True))
    except ClusterRefused as refusal:
        return Capacity(fits=None, short=f"unknown: {refusal.message}", nodes=[])
    rooms = _rooms(nodes, pods)
    wanted = Room(amount(cpu), amount(memory))
    missing = [_missing(room, wanted) for room in rooms]
    fits = any(not short for short in missing)
    return Capacity(fits=fits, short=None if fits else _sentence(missing), nodes=rooms)


def requested(pod: Object) -> Room:
    """What the scheduler sets aside for a pod: its containers together, or its largest init container.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    spec = pod["spec"]
    together = Room()
    for container in spec.get("containers", ()):
        together += _requests(container)
    for container in spec.get("initContainers") or ():
        together = together.larger(_requests(container))
    return together


def _rooms(nodes: list[Object], pods: list[Object]) -> list[NodeRoom]:
    taken: dict[str, Room] = defaultdict(Room)
    for pod in pods:
        node = pod["spec"].get("nodeName")
        if node and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
            taken[node] += requested(pod)
    return [_room(node, taken[node["metadata"]["name"]]) for node in nodes]


def _room(node: Object, taken: Room) -> NodeRoom:
    allocatable = node.get("status", {}).get("allocatable") or {}
    return NodeRoom(
        name=node["metadata"]["name"],
        cpu=float(_amount(allocatable.get(CPU))),
        cpu_used=float(taken.cpu),
        memory=int(_amount(allocatable.get(MEMORY))),
        memory_used=int(taken.memory),
        ready=condition(node, "Ready", "True") is not None and not node["spec"].get("unschedulable", False),
    )


def _missing(room: NodeRoom, wanted: Room) -> list[str]:
    """What is short on a node, in words; nothing where the request fits."""
    if not room.ready:
        return [f"node {room.name} takes no pods"]
    free_cpu = Decimal(str(room.cpu)) - Decimal(str(room.cpu_used))
    free_memory = room.memory - room.memory_used
    short = []
    if wanted.cpu > free_cpu:
        short.append(f"node {room.name} has {float(max(free_cpu, Decimal(0))):g} of {float(wanted.cpu):g} cores free")
    if wanted.memory > free_memory:
        mebibytes = max(free_memory, 0) // 2**20, int(wanted.memory) // 2**20
        short.append(f"node {room.name} has {mebibytes[0]} of {mebibytes[1]} MiB free")
    return short


def _sentence(missing: list[list[str]]) -> str:
    words = [short for node in missing for short in node]
    return "; ".join(words[:5]) if words else "there are no nodes"


def _requests(container: Object) -> Room:
    found = (container.get("resources") or {}).get("requests") or {}
    return Room(_amount(found.get(CPU)), _amount(found.get(MEMORY)))


def _amount(quantity: object) -> Decimal:
    """Objects of others may hold forms that Reprise does not write itself (1e3, 100u): they count as nothing."""
    try:
        return amount(str(quantity)) if quantity is not None else Decimal(0)
    except ValueError:
        return Decimal(0)
