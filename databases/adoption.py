"""Takes over databases that were there before Reprise: looks into them, and keeps their password from then on."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from databases import records
from databases.adopted import inspect
from databases.failures import transaction
from databases.messages import Access
from databases.records import Place, Server
from databases.secrets import Vault
from databases.tables import database_servers
from schemas.adoption import Inspection
from schemas.errors import DatabaseRefused
from schemas.payloads import DatabaseRef

log = structlog.get_logger()
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Adoption:
    """Every method may raise DependencyDown, and DatabaseRefused in a server's words or where it is unknown."""

    engine: AsyncEngine
    vault: Vault

    async def inspect(self, access: Access) -> Inspection:
        """What is there now. Changes nothing."""
        async with transaction(self.engine) as connection:
            server = await _server(connection, access)
        exists, initialised = await inspect(_place(NOBODY, "", "shared", server, access, None), access.password)
        return Inspection(
            db_server_id=server.id,
            host=str(server.host),
            port=int(server.port or 0),
            exists=exists,
            initialised=initialised,
        )

    async def adopt(self, instance_id: UUID, customer_id: str, db_type: str, access: Access) -> DatabaseRef:
        """Note it as the instance's own; from now on `allocate` answers it. May be repeated.

        Raises DatabaseRefused where it is another instance's, or the instance has another one.
        """
        async with transaction(self.engine) as connection:
            server = await _server(connection, access)
            await _note(connection, server)
            password = self.vault.encrypt(access.password)
            place = _place(instance_id, customer_id, db_type, server, access, password)
            if not await records.adopt(connection, place):
                what = f"Database {access.database} on server {server.id}"
                raise DatabaseRefused(f"{what} is another instance's already, or this instance has another database")
        log.info("database.adopted", instance=str(instance_id), server=server.id, database=access.database)
        return DatabaseRef(
            db_server_id=server.id,
            host=str(server.host),
            port=int(server.port or 0),
            database=access.database,
            username=access.username,
        )


async def _server(connection: AsyncConnection, access: Access) -> Server:
    """The registered server that is meant; one of that address and no other name where it is not registered."""
    table = database_servers
    by_name, by_address = table.c.id == access.server, (table.c.host == access.host) & (table.c.port == access.port)
    wanted = by_name if access.server is not None else by_address & (table.c.kind == "shared")
    row = (await connection.execute(select(table).where(wanted))).mappings().first()
    if row is not None and access.host is not None and (row["host"], row["port"]) != (access.host, access.port):
        raise DatabaseRefused(f"Server {access.server} is registered at {row['host']}:{row['port']}")
    if row is not None:
        return Server(row["id"], row["host"], row["port"])
    if access.host is None:
        raise DatabaseRefused(f"No database server is registered as {access.server}; name its host")
    return Server(access.server or f"{access.host}:{access.port}", access.host, access.port)


async def _note(connection: AsyncConnection, server: Server) -> None:
    """So that databases can refer to it; Reprise makes none on it, for it has no account there."""
    values = {"id": server.id, "kind": "foreign", "host": server.host, "port": server.port, "capacity": 0}
    await connection.execute(insert(database_servers).values(values).on_conflict_do_nothing(index_elements=["id"]))


def _place(
    instance_id: UUID, customer_id: str, db_type: str, server: Server, access: Access, password: str | None
) -> Place:
    names = access.database, access.username
    return Place(instance_id, customer_id, db_type, server, *names, password, adopted=True)
