"""Chooses the server for a new database: of those that are not drained, the one with the most free places."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from databases import records
from databases.names import database_name, dedicated_server_id, role_name
from databases.records import Place, Server
from databases.tables import database_servers, databases
from schemas.errors import DatabaseRefused


async def place(
    connection: AsyncConnection, instance_id: UUID, customer_id: str, db_type: str, password: str
) -> Place | None:
    """Where the instance's database shall be; `password` is encrypted. None: another caller has just decided that.

    Raises DatabaseRefused where no shared server has room.
    """
    if db_type == "dedicated":
        server_id = await _own_server(connection, instance_id)
    else:
        candidates = await _candidates(connection, locked=True)
        if await records.get(connection, instance_id) is not None:
            return None
        server_id = await _freest(connection, candidates)
    names = database_name(instance_id), role_name(instance_id)
    return Place(instance_id, customer_id, db_type, Server(server_id), *names, password)


async def foreseen(connection: AsyncConnection) -> str:
    """The server that a shared database would go to now. Raises DatabaseRefused where none has room."""
    return await _freest(connection, await _candidates(connection, locked=False))


async def _own_server(connection: AsyncConnection, instance_id: UUID) -> str:
    server_id = dedicated_server_id(instance_id)
    statement = insert(database_servers).values(id=server_id, kind="dedicated", capacity=1)
    await connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))
    return server_id


async def _candidates(connection: AsyncConnection, *, locked: bool) -> dict[str, int]:
    """The capacity of each server that takes databases. Locked, so that places are counted by one at a time."""
    table = database_servers
    statement = select(table.c.id, table.c.capacity).where(table.c.kind == "shared", ~table.c.drained)
    ordered = statement.order_by(table.c.id)
    # FOR NO KEY UPDATE: what only refers to a server need not wait
    rows = await connection.execute(ordered.with_for_update(key_share=True) if locked else ordered)
    return {row.id: row.capacity for row in rows}


async def _freest(connection: AsyncConnection, capacities: dict[str, int]) -> str:
    taken = await places_taken(connection, list(capacities))
    free = {server_id: capacity - taken.get(server_id, 0) for server_id, capacity in capacities.items()}
    best = max(free, key=lambda server_id: free[server_id], default=None)
    if best is None:
        raise DatabaseRefused("No server for shared databases takes further ones; register one or end a drain")
    if free[best] <= 0:
        full = ", ".join(f"{server_id}: {taken[server_id]} of {capacity}" for server_id, capacity in capacities.items())
        raise DatabaseRefused(
            f"Every server for shared databases is full ({full}); register another or raise the capacity of one"
        )
    return best


async def places_taken(connection: AsyncConnection, server_ids: list[str]) -> dict[str, int]:
    """How many databases each has; one counts until it was seen to be gone."""
    server_id = databases.c.db_server_id
    statement = select(server_id, func.count().label("taken")).where(
        server_id.in_(server_ids), databases.c.removed_at.is_(None)
    )
    rows = await connection.execute(statement.group_by(server_id))
    return {row.db_server_id: row.taken for row in rows}
