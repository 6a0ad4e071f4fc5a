"""A database that was there before Reprise: used, emptied and dropped as its own role, which stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from databases import ddl
from databases.failures import on_server
from databases.locking import WORK
from databases.records import Place, Server
from databases.secrets import Vault
from databases.shared import MAINTENANCE, connect
from schemas.payloads import ReceiptLine

if TYPE_CHECKING:
    from databases.shared import Connection

_HOLDS_SOMETHING = """
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
) OR EXISTS (SELECT FROM pg_largeobject_metadata)
"""
"""Whatever no extension brought along: one table is enough for a database not to be taken for new."""


class AdoptedHost:
    """Every method may raise DependencyDown, and DatabaseRefused in the server's words."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def make(self, place: Place, password: str) -> tuple[str, int]:
        """It is there and the password works: nothing is made, and nothing that others may rely on is changed."""
        async with _session(place, password, place.database):
            return str(place.server.host), int(place.server.port or 0)

    async def empty(self, place: Place) -> None:
        """Drops all that its role owns in it; database and role may have been made by hand, so they stay."""
        async with _session(place, self._password(place), place.database) as connection:
            await connection.execute("DROP OWNED BY CURRENT_USER CASCADE")

    async def remove(self, place: Place) -> list[ReceiptLine]:
        """Drops the database, though sessions be open. The role may own more than Reprise knows: it is left."""
        async with _session(place, self._password(place), MAINTENANCE) as connection:
            dropped = await ddl.drop_database(connection, place.database)
        where = f"on server {place.server.id}"
        why = f"dropped {where}" if dropped else f"was not there {where}"
        action = "deleted" if dropped else "absent"
        return [
            ReceiptLine.model_validate({"kind": "Database", "name": place.database, "action": action, "why": why}),
            ReceiptLine(kind="Role", name=place.username, action="kept", why="it was there before Reprise"),
        ]

    def _password(self, place: Place) -> str:
        return self._vault.decrypt(place.password or "")


async def inspect(place: Place, password: str) -> tuple[bool, bool]:
    """Whether the database exists, and whether there is anything in it. Raises as the host's methods do."""
    async with on_server(place.server.id), asyncio.timeout(WORK):
        try:
            async with connect(_as_its_role(place), password, place.database) as connection:
                return True, bool(await connection.fetchval(_HOLDS_SOMETHING))
        except asyncpg.InvalidCatalogNameError:
            return False, False


@asynccontextmanager
async def _session(place: Place, password: str, database: str) -> AsyncIterator["Connection"]:
    async with (
        on_server(place.server.id),
        asyncio.timeout(WORK),
        connect(_as_its_role(place), password, database) as connection,
    ):
        yield connection


def _as_its_role(place: Place) -> Server:
    return Server(place.server.id, place.server.host, place.server.port, place.username)
