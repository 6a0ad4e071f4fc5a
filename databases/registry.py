"""The registry of servers for shared databases: people add and drain them while everything runs."""

import asyncio
from dataclasses import dataclass, field

import structlog
from sqlalchemy import CursorResult, RowMapping, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from databases.failures import on_server, transaction
from databases.placement import foreseen, places_taken
from databases.records import Server
from databases.secrets import Vault
from databases.servers import SharedServer, register
from databases.shared import Connect, connect
from databases.tables import database_servers
from schemas.errors import DatabaseRefused, RepriseError
from schemas.views import DatabaseServerView, Foreseen

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Registry:
    """Every method may raise DependencyDown where PostgreSQL does not answer."""

    engine: AsyncEngine
    vault: Vault
    connect: Connect = field(default=connect)

    async def servers(self) -> list[DatabaseServerView]:
        """All of them by id, each with what it holds and whether an administrator can log in to it now."""
        rows, taken = await self._rows()
        whys = await asyncio.gather(*(self._why_not(_server(row)) for row in rows))
        return [_view(row, taken.get(row["id"], 0), why) for row, why in zip(rows, whys, strict=True)]

    async def add(self, server: SharedServer) -> None:
        """Adds it, or takes over what has changed. Raises DatabaseRefused or DependencyDown where it cannot be used."""
        await self._log_in(Server(server.id, server.host, server.port, server.user), server.password.get_secret_value())
        await register(self.engine, self.vault, [server])
        log.info("database_server.added", server=server.id, capacity=server.capacity)

    async def drain(self, server_id: str, *, drained: bool) -> None:
        """A drained server keeps the databases it has and gets no further one.

        Raises DatabaseRefused where there is none of that id.
        """
        table = database_servers
        where = update(table).where(table.c.id == server_id, table.c.kind == "shared")
        async with transaction(self.engine) as connection:
            found: CursorResult[object] = await connection.execute(where.values(drained=drained, updated_at=func.now()))
        if not found.rowcount:
            raise DatabaseRefused(f"No server for shared databases is called {server_id}")
        log.info("database_server.drained" if drained else "database_server.undrained", server=server_id)

    async def foreseen(self) -> Foreseen:
        """Where a shared database would go now."""
        try:
            async with transaction(self.engine) as connection:
                return Foreseen(server=await foreseen(connection), short=None)
        except DatabaseRefused as full:
            return Foreseen(server=None, short=str(full))

    async def _rows(self) -> tuple[list[RowMapping], dict[str, int]]:
        table = database_servers
        statement = select(table).where(table.c.kind == "shared").order_by(table.c.id)
        async with transaction(self.engine) as connection:
            rows = list((await connection.execute(statement)).mappings())
            return rows, await places_taken(connection, [row["id"] for row in rows])

    async def _why_not(self, server: Server) -> str | None:
        try:
            await self._log_in(server, self.vault.decrypt(server.password or ""))
        except RepriseError as error:
            return str(error)
        return None

    async def _log_in(self, server: Server, password: str) -> None:
        async with on_server(server.id), self.connect(server, password) as connection:
            may = await connection.fetchval(
                "SELECT rolsuper OR (rolcreatedb AND rolcreaterole) FROM pg_roles WHERE rolname = current_user"
            )
        if not may:
            raise DatabaseRefused(f"On server {server.id} {server.username} may not create databases and roles")


def _server(row: RowMapping) -> Server:
    return Server(row["id"], row["host"], row["port"], row["username"], row["password"])


def _view(row: RowMapping, used: int, why_not: str | None) -> DatabaseServerView:
    return DatabaseServerView(
        id=row["id"],
        host=row["host"],
        port=row["port"],
        username=row["username"],
        capacity=row["capacity"],
        used=used,
        free=max(row["capacity"] - used, 0),
        drained=row["drained"],
        reachable=why_not is None,
        why_not=why_not,
    )
