"""The cluster behind the ports of the API: room, and the objects that belong to an instance."""

from asyncio import gather
from collections.abc import Sequence

from api.ports import Thing
from cluster.capacity import capacity
from cluster.client import Cluster
from cluster.kinds import SECRET
from cluster.names import ODOO, attempt_name, labels, selector
from cluster.remove import LISTED, kept
from cluster.secret import ADMIN, read
from schemas.views import Capacity
from statemachine.instance import Instance


class InCluster:
    """Implements Room and Objects with an open client of the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def capacity(self, cpu: str, memory: str) -> Capacity:
        """A hint. Raises ClusterDown."""
        return await capacity(self._cluster, cpu, memory)

    async def existing(self, instance: Instance) -> Sequence[Thing]:
        """The objects of any attempt that are there now. Raises ClusterDown."""
        mine = selector(labels(self._cluster.installation, instance.id, ODOO))
        found = await gather(*(self._cluster.select(kind, mine) for kind in LISTED))
        return [
            Thing(kind.name, each["metadata"]["name"])
            for kind, objects in zip(LISTED, found, strict=True)
            for each in objects
        ]

    async def servers(self, instance: Instance) -> Sequence[Thing]:
        """The objects of its dedicated database server. Raises ClusterDown."""
        return [Thing(line.kind, line.name) for line in await kept(self._cluster, instance)]

    async def admin_password(self, instance: Instance) -> str:
        """From the Secret of the present attempt, '' where that is gone or knows none. Raises ClusterDown."""
        secret = await self._cluster.get(SECRET, attempt_name(instance))
        return read(secret, ADMIN) if secret is not None else ""

    def planned(self, instance: Instance) -> Sequence[Thing]:
        """What the attempt makes that `instance` is in."""
        return [Thing(kind.name, attempt_name(instance)) for kind in LISTED]
