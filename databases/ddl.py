"""The statements that make and remove a role and its database; each may be repeated after a crash at any point."""

from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:  # asyncpg's classes take type arguments in its stubs only
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

INVALID = -2
"""pg_database.datconnlimit of a database whose DROP was interrupted: it can only be dropped (PostgreSQL 16 and later;
backported to 11.21, 12.16, 13.12, 14.9, 15.4)."""

TRIES = 3


def quoted(name: str) -> str:
    """As an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


async def ensure_role(connection: "Connection", role: str, verifier: str) -> None:
    """The role can log in with the password of `verifier`, and can do nothing else."""
    if not await _role_exists(connection, role):
        await connection.execute(
            f"CREATE ROLE {quoted(role)} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        )
    # the password each time, also where it was changed by somebody: the one that is handed out is the one that works
    await connection.execute(
        f"ALTER ROLE {quoted(role)} LOGIN NOCREATEDB NOCREATEROLE PASSWORD '{verifier}' VALID UNTIL 'infinity'"
    )
    await _join(connection, role)


async def ensure_database(connection: "Connection", database: str, owner: str) -> None:
    """The database is there, belongs to `owner`, and nobody else may connect to it.

    CONNECT on the database `postgres` is left to all: Odoo's bus LISTENs there.
    """
    limit = await connection.fetchval("SELECT datconnlimit FROM pg_database WHERE datname = $1", database)
    if limit == INVALID:
        await drop_database(connection, database)
    if limit is None or limit == INVALID:
        # as Odoo makes its own: template0 for any encoding, C for indexes that serve LIKE
        options = f"OWNER {quoted(owner)} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'"
        await connection.execute(f"CREATE DATABASE {quoted(database)} {options}")
    await connection.execute(f"ALTER DATABASE {quoted(database)} OWNER TO {quoted(owner)}")
    await connection.execute(f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC")


async def drop_database(connection: "Connection", database: str) -> bool:
    """It is gone, and so are the sessions in it; False where it was not there."""
    found = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database)
    await connection.execute(f"DROP DATABASE IF EXISTS {quoted(database)} WITH (FORCE)")
    return found is not None


async def drop_all(connection: "Connection", database: str, role: str) -> tuple[bool, bool]:
    """Database and role are gone; whether each was there."""
    if not await _role_exists(connection, role):
        return await drop_database(connection, database), False
    await _join(connection, role)
    await _shut_out(connection, role)
    dropped = False
    for last in (*[False] * (TRIES - 1), True):
        dropped = await drop_database(connection, database) or dropped
        # what the role left in `postgres`, such as large objects
        await connection.execute(f"DROP OWNED BY {quoted(role)}")
        try:
            await connection.execute(f"DROP ROLE IF EXISTS {quoted(role)}")
            break
        except asyncpg.DependentObjectsStillExistError:
            # a CREATE DATABASE of a process that was killed meanwhile has ended only now
            if last:
                raise
    return dropped, True


async def _role_exists(connection: "Connection", role: str) -> bool:
    return await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role) is not None


async def _join(connection: "Connection", role: str) -> None:
    """An administrator who is no superuser gives to, ends sessions of, and drops only a role that he is a member of."""
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await connection.execute(f"GRANT {quoted(role)} TO CURRENT_USER")


async def _shut_out(connection: "Connection", role: str) -> None:
    """No new session of the role, and an end to those that are open, in whichever database."""
    await connection.execute(f"ALTER ROLE {quoted(role)} NOLOGIN")
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
