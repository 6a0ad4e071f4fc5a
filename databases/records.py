"""Which database each instance has: the rows, read and written by statements of which each is safe to repeat."""

from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from sqlalchemy import CursorResult, RowMapping, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from databases.tables import database_servers, databases


@dataclass(frozen=True, slots=True)
class Server:
    """A registered server. `host` and `port` are None while a dedicated one is not ready; `password` is encrypted.

    `id` is empty where a dedicated one has been removed.
    """

    id: str
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """What is to be made for an instance, where, and with which (encrypted) password."""

    instance_id: UUID
    customer_id: str
    db_type: str
    server: Server
    database: str
    username: str
    password: str | None = field(repr=False)
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of an instance's database. `place` is None on a tombstone of what never was."""

    place: Place | None
    allocated: bool
    released: bool
    removed: bool
    emptied_for_attempt: int

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """From a row of `_ONE`."""
        return cls(
            place=_place(row) if row["database"] is not None else None,
            allocated=row["state"] == "allocated",
            released=row["state"] == "released",
            removed=row["removed_at"] is not None,
            emptied_for_attempt=row["emptied_for_attempt"],
        )


def _place(row: RowMapping) -> Place:
    return Place(
        instance_id=row["instance_id"],
        customer_id=row["customer_id"],
        db_type=row["db_type"],
        server=Server(row["db_server_id"] or "", row["host"], row["port"], row["admin"], row["admin_password"]),
        database=row["database"],
        username=row["username"],
        password=row["password"],
        adopted=row["adopted"],
    )


def _one(instance_id: UUID) -> Select[*tuple[object, ...]]:
    server = database_servers.c
    return (
        select(
            databases,
            server.host,
            server.port,
            server.username.label("admin"),
            server.password.label("admin_password"),
        )
        .select_from(databases.outerjoin(database_servers))
        .where(databases.c.instance_id == instance_id)
    )


async def get(connection: AsyncConnection, instance_id: UUID) -> Record | None:
    """What is known now."""
    row = (await connection.execute(_one(instance_id))).mappings().one_or_none()
    return Record.of(row) if row is not None else None


async def intend(connection: AsyncConnection, place: Place) -> None:
    """Note what will be made, unless something is noted already (a tombstone, another caller's intent)."""
    statement = insert(databases).values(
        instance_id=place.instance_id,
        customer_id=place.customer_id,
        db_type=place.db_type,
        db_server_id=place.server.id,
        database=place.database,
        username=place.username,
        password=place.password,
        state="intent",
    )
    await connection.execute(statement.on_conflict_do_nothing(index_elements=["instance_id"]))


async def adopt(connection: AsyncConnection, place: Place) -> bool:
    """Note a database that is there already; False where something else is noted for this instance or this database."""
    values = {
        "customer_id": place.customer_id,
        "db_type": place.db_type,
        "db_server_id": place.server.id,
        "database": place.database,
        "username": place.username,
        "password": place.password,
    }
    statement = insert(databases).values(
        instance_id=place.instance_id, **values, adopted=True, state="allocated", allocated_at=func.now()
    )
    await connection.execute(statement.on_conflict_do_nothing())
    same = update(databases).where(
        databases.c.instance_id == place.instance_id,
        databases.c.db_server_id == place.server.id,
        databases.c.database == place.database,
        databases.c.state == "allocated",
        databases.c.adopted,
    )
    kept: CursorResult[object] = await connection.execute(same.values(**values))
    return bool(kept.rowcount)


async def allocated(connection: AsyncConnection, place: Place, host: str, port: int) -> bool:
    """Note that it is made and can be reached there; False where it was released meanwhile."""
    statement = (
        update(databases)
        .where(databases.c.instance_id == place.instance_id, databases.c.state != "released")
        .values(state="allocated", allocated_at=func.now())
    )
    kept: CursorResult[object] = await connection.execute(statement)
    if kept.rowcount and (host, port) != (place.server.host, place.server.port):
        where = update(database_servers).where(database_servers.c.id == place.server.id)
        await connection.execute(where.values(host=host, port=port, updated_at=func.now()))
    return bool(kept.rowcount)


async def emptied(connection: AsyncConnection, instance_id: UUID, attempt: int) -> None:
    """Note that it was emptied for this attempt, so that it is not done twice."""
    row = databases.c.instance_id == instance_id
    await connection.execute(update(databases).where(row).values(emptied_for_attempt=attempt))


async def bury(connection: AsyncConnection, instance_id: UUID) -> None:
    """Write the tombstone, also for what never was."""
    values = {"state": "released", "released_at": func.coalesce(databases.c.released_at, func.now())}
    statement = insert(databases).values(instance_id=instance_id, state="released", released_at=func.now())
    await connection.execute(statement.on_conflict_do_update(index_elements=["instance_id"], set_=values))


async def removed(connection: AsyncConnection, instance_id: UUID, place: Place | None) -> None:
    """Note that all of it is gone: it takes no place any more, and its password is forgotten."""
    row = databases.c.instance_id == instance_id
    await connection.execute(update(databases).where(row).values(removed_at=func.now(), password=None))
    if place is not None and place.db_type == "dedicated":
        await connection.execute(delete(database_servers).where(database_servers.c.id == place.server.id))
