"""A database server of the instance's own, which somebody else runs."""

from databases.ports import ServerHost
from databases.records import Place
from schemas.payloads import ReceiptLine


class DedicatedHost:
    """Hands on to the part that can reach the cluster. Every method may raise NotYet, ClusterDown, ClusterRefused."""

    def __init__(self, cluster: ServerHost) -> None:
        self._cluster = cluster

    async def make(self, place: Place, password: str) -> tuple[str, int]:
        """A server with the database and its owner."""
        names = place.database, place.username
        return await self._cluster.ensure(place.instance_id, place.customer_id, place.server.id, password, *names)

    async def empty(self, place: Place) -> None:
        """The server stays, its database is made anew."""
        await self._cluster.empty(place.instance_id, place.database, place.username)

    async def remove(self, place: Place) -> list[ReceiptLine]:
        """The whole server."""
        return await self._cluster.remove(place.instance_id)
