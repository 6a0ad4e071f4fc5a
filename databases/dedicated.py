"""A database server of the instance's own, which somebody else runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from databases.ports import ServerHost
from databases.records import Place
from schemas.errors import ClusterRefused, DatabaseRefused
from schemas.payloads import ReceiptLine


class DedicatedHost:
    """Hands on to the part that can reach the cluster. Every method may raise NotYet, ClusterDown, DatabaseRefused."""

    def __init__(self, cluster: ServerHost) -> None:
        self._cluster = cluster

    async def make(self, place: Place, password: str) -> tuple[str, int]:
        """A server with the database and its owner."""
        names = place.database, place.username
        with _in_the_clusters_words():
            return await self._cluster.ensure(place.instance_id, place.customer_id, place.server.id, password, *names)

    async def empty(self, place: Place) -> None:
        """The server stays, its database is made anew."""
        with _in_the_clusters_words():
            await self._cluster.empty(place.instance_id, place.database, place.username)

    async def remove(self, place: Place) -> list[ReceiptLine]:
        """The whole server."""
        with _in_the_clusters_words():
            return await self._cluster.remove(place.instance_id)


@contextmanager
def _in_the_clusters_words() -> Iterator[None]:
    """Whoever asks for a database is told of a database, whoever it was that said no."""
    try:
        yield
    except ClusterRefused as error:
        raise DatabaseRefused(f"There is no database server. {error.message}") from error
