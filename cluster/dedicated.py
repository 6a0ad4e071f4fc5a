"""A PostgreSQL server of its own for one instance, in the cluster; all attempts of the instance share it."""

from uuid import UUID

from cluster import cloudnativepg
from cluster import server_manifests as manifests
from cluster.client import Cluster
from cluster.emptying import dropped_by_its_owner, empty_database, made_anew
from cluster.kinds import POSTGRES_CLUSTER, SECRET, SERVICE, STATEFUL_SET, Object
from cluster.names import DATABASE, labels, server_name
from cluster.profiles import DatabaseServer
from cluster.removal import remove_labelled, server_groups, server_kinds, told
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
        if await self._by_operator(instance_id):
            return await self._ensure_by_operator(meta, password, database, username)
        await self._cluster.apply(SECRET, manifests.secret(meta, password))
        await self._cluster.apply(SERVICE, manifests.service(meta))
        wanted = manifests.stateful_set(meta, self._server, database, username)
        server = await self._cluster.apply(STATEFUL_SET, wanted)
        if terminating(server) or server.get("status", {}).get("readyReplicas", 0) < 1:
            raise NotYet(f"database server {meta['name']} is starting")
        return self._address(meta["name"])

    async def _ensure_by_operator(self, meta: Object, password: str, database: str, username: str) -> tuple[str, int]:
        await cloudnativepg.require(self._cluster)
        await self._cluster.apply(SECRET, cloudnativepg.secret(meta, username, manifests.PASSWORD, password))
        wanted = cloudnativepg.postgres_cluster(meta, self._server, database, username)
        return self._address(cloudnativepg.endpoint(await self._cluster.apply(POSTGRES_CLUSTER, wanted)))

    async def _by_operator(self, instance_id: UUID) -> bool:
        """What is there decides, not a profile that was changed since: a second server beside it would be empty."""
        name = server_name(instance_id)
        if self._server.provider == "cloudnativepg":
            return await self._cluster.get(STATEFUL_SET, name) is None
        known = await self._cluster.serves(POSTGRES_CLUSTER)
        return known and await self._cluster.get(POSTGRES_CLUSTER, name) is not None

    def _address(self, service: str) -> tuple[str, int]:
        return f"{service}.{self._cluster.namespace}.svc", manifests.PORT

    async def empty(self, instance_id: UUID, database: str, username: str) -> None:
        """Make `database` an empty one of the same name and owner; the server, the role and its password stay."""
        host = server_name(instance_id)
        emptying = made_anew(host, database, username)
        if await self._by_operator(instance_id):
            emptying = dropped_by_its_owner(f"{host}-rw", database, username)
        await empty_database(self._cluster, self._server, instance_id, emptying)

    async def remove(self, instance_id: UUID) -> list[ReceiptLine]:
        """Remove the server with its volume: the data is gone then."""
        wanted = labels(self._cluster.installation, instance_id, DATABASE)
        kinds = await server_kinds(self._cluster)
        name = server_name(instance_id)
        removed = await remove_labelled(self._cluster, wanted, _always, server_groups(kinds))
        expected = [(kind.name, name) for kind in kinds if (kind.name, name) in removed]
        return told(expected or [(STATEFUL_SET.name, name)], removed)


async def _always() -> None:
    """A release is final: there is no state to which its instance could have moved on."""
