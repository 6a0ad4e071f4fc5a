"""A database of the instance's own on a server that it shares with others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from databases import ddl
from databases.failures import on_server
from databases.locking import WORK
from databases.records import Place, Server
from databases.scram import verifier
from databases.secrets import Vault
from schemas.payloads import ReceiptLine

if TYPE_CHECKING:  # asyncpg's classes take type arguments in its stubs only
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

MAINTENANCE = "postgres"
"""The database an administrator connects to. Odoo's bus uses it too."""

Connect: TypeAlias = Callable[[Server, str], AbstractAsyncContextManager["Connection"]]
"""Server and the administrator's password → a connection to MAINTENANCE."""


@asynccontextmanager
async def connect(server: Server, password: str, database: str = MAINTENANCE) -> AsyncIterator["Connection"]:
    """A connection as the server's user, for one piece of work."""
    connection = await asyncpg.connect(
        host=server.host,
        port=server.port,
        user=server.username,
        password=password,
        database=database,
        timeout=5,
        server_settings={"application_name": "reprise"},
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


class SharedHost:
    """Works on registered servers. Every method may raise DependencyDown, and DatabaseRefused in a server's words."""

    def __init__(self, vault: Vault, connect: Connect = connect) -> None:
        self._vault = vault
        self._connect = connect

    async def make(self, place: Place, password: str) -> tuple[str, int]:
        """Role, password, database and isolation, each driven to what it shall be, whatever it is now."""
        async with self._administration(place.server) as connection:
            await ddl.ensure_role(connection, place.username, verifier(password))
            await ddl.ensure_database(connection, place.database, place.username)
        return str(place.server.host), int(place.server.port or 0)

    async def empty(self, place: Place) -> None:
        """Drops the database with all that is in it and makes it again; the role and its password stay."""
        async with self._administration(place.server) as connection:
            await ddl.drop_database(connection, place.database)
            await ddl.ensure_database(connection, place.database, place.username)

    async def remove(self, place: Place) -> list[ReceiptLine]:
        """Drops database and role, though sessions be open."""
        async with self._administration(place.server) as connection:
            database, role = await ddl.drop_all(connection, place.database, place.username)
        where = f"on server {place.server.id}"
        return [
            _line("Database", place.database, database, where),
            _line("Role", place.username, role, where),
        ]

    @asynccontextmanager
    async def _administration(self, server: Server) -> AsyncIterator["Connection"]:
        password = self._vault.decrypt(server.password or "")
        async with on_server(server.id), asyncio.timeout(WORK), self._connect(server, password) as connection:
            yield connection


def _line(kind: str, name: str, dropped: bool, where: str) -> ReceiptLine:
    if dropped:
        return ReceiptLine(kind=kind, name=name, action="deleted", why=f"dropped {where}")
    return ReceiptLine(kind=kind, name=name, action="absent", why=f"was not there {where}")
