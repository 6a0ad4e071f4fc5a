"""A PostgreSQL server of its own for one instance, in the cluster; all attempts of the instance share it."""

from uuid import UUID

from cluster import server_manifests as manifests
from cluster.client import Cluster
from cluster.emptying import empty_database
from cluster.kinds import SECRET, SERVICE, STATEFUL_SET
from cluster.names import DATABASE, labels, server_name
from cluster.profiles import DatabaseServer
from cluster.removal import SERVER_GROUPS, remove_labelled, told
from cluster.sight import terminating
from schemas.errors import NotYet
from schemas.payloads import ReceiptLine


class DedicatedServers:
    """Makes, empties and removes dedicated servers.

    Every method asks, and raises NotYet until what it asked for is so: it is then to be called again.
    """

    def __init__(self, cluster: Cluster, server: DatabaseServer) -> None:
        self._cluster = cluster
        self._server = server

    async def ensure(
        self, instance_id: UUID, customer_id: str, name: str, password: str, database: str, username: str
    ) -> tuple[str, int]:
        """Host and port of the server, once it answers. `username`, its superuser, owns `database`."""
        meta = manifests.meta(self._cluster.installation, instance_id, customer_id, name)
        await self._cluster.apply(SECRET, manifests.secret(meta, password))
        await self._cluster.apply(SERVICE, manifests.service(meta))
        wanted = manifests.stateful_set(meta, self._server, database, username)
        server = await self._cluster.apply(STATEFUL_SET, wanted)
        if terminating(server) or server.get("status", {}).get("readyReplicas", 0) < 1:
            raise NotYet(f"database server {meta['name']} is starting")
        return f"{meta['name']}.{self._cluster.namespace}.svc", manifests.PORT

    async def empty(self, instance_id: UUID, database: str, username: str) -> None:
        """Make `database` an empty one of the same name and owner; the server, the role and its password stay."""
        await empty_database(self._cluster, self._server, instance_id, database, username)

    async def remove(self, instance_id: UUID) -> list[ReceiptLine]:
        """Remove the server with its volume: the data is gone then."""
        wanted = labels(self._cluster.installation, instance_id, DATABASE)
        removed = await remove_labelled(self._cluster, wanted, _always, SERVER_GROUPS)
        return told([(STATEFUL_SET.name, server_name(instance_id))], removed)


async def _always() -> None:
    """A release is final: there is no state to which its instance could have moved on."""
