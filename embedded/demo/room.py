"""Too little room for the instance, and then enough: a simulated node grows, and from real ones ballast goes."""

from typing import Any, Protocol

from embedded.demo.ballast import Ballast
from embedded.demo.world import World
from embedded.resizing import resize

MEMORY = "1Gi"


class Room(Protocol):
    """What the instance asks for, which is more than there is until room is made."""

    cpu: str
    too_much: str
    made: str

    async def take(self) -> None:
        """See to it that there is too little."""

    async def make(self) -> str:
        """See to it that there is enough; says how."""


async def room(world: World) -> Room:
    """The one that suits the cluster. Raises RepriseError where a cluster is too full to show anything."""
    nodes = (await world.get("/api/capacity", cpu="1", memory=MEMORY))["nodes"]
    if world.is_simulated:
        return Growth(world, nodes)
    return Ballast(world.cluster, {node["name"]: node["cpu"] - node["cpu_used"] for node in nodes if node["ready"]})


class Growth:
    """A simulated node is as large as one says."""

    too_much = "more than any node has"
    made = "The cluster grows"

    def __init__(self, world: World, nodes: list[dict[str, Any]]) -> None:
        largest = int(max((node["cpu"] for node in nodes), default=0))
        self.cpu, self._enough = str(largest + 2), str(2 * largest + 4)
        self._world = world

    async def take(self) -> None:
        """Nothing is to be done: no node is so large."""

    async def make(self) -> str:
        """Resize the node."""
        size = await resize(self._world.settings, self._enough, None)
        return f"node {size.node} has {size.cpu} CPU now"
