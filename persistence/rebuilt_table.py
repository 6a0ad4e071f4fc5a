"""The table `instances` made once more in a schema of its own, as the code defines it, and how the live one differs."""

from typing import TypeAlias

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement, SetColumnComment

from persistence.tables import instances

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SCHEMA = "reprise_rebuilt"
_TABLE = instances.to_metadata(MetaData(), schema=SCHEMA)
_BROKEN = f"CREATE TABLE {SCHEMA}.broken (instance_id UUID PRIMARY KEY, why TEXT NOT NULL)"

_HOME = """
SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('audit_log')
"""
_STRUCTURE = r"""
SELECT concat('column ', attname, ' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' NOT NULL' END,
    CASE WHEN attgenerated <> '' THEN ' GENERATED ' ELSE ' DEFAULT ' END || pg_get_expr(adbin, adrelid))
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT regexp_replace(pg_get_indexdef(indexrelid), '^CREATE (.*INDEX \S+) ON \S+ ', '\1 ')
FROM pg_index WHERE indrelid = $1::text::regclass
UNION ALL SELECT concat('constraint ', conname, ' ', pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = $1::text::regclass
"""


async def home_of(connection: Connection) -> str:
    """The schema that the tables of Reprise are in. Raises asyncpg.UndefinedTableError where there is no audit log."""
    found: str | None = await connection.fetchval(_HOME)
    if found is None:
        raise asyncpg.UndefinedTableError("there is no table audit_log: migrate first, and name the right database")
    return found


async def is_there(connection: Connection, table: str) -> bool:
    """Whether there is a table of this name with its schema."""
    return bool(await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table))


async def make_empty(connection: Connection) -> None:
    """The schema anew, with the table in it that no index but that of its primary key has yet."""
    await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    await connection.execute(f"CREATE SCHEMA {SCHEMA}")
    await _define(connection, CreateTable(_TABLE))
    for column in _TABLE.columns:
        if column.comment:
            await _define(connection, SetColumnComment(column))
    await connection.execute(_BROKEN)


async def make_indexes(connection: Connection) -> None:
    """Once it is filled. Raises asyncpg.UniqueViolationError where two instances have one name."""
    for index in sorted(_TABLE.indexes, key=lambda index: str(index.name)):
        await _define(connection, CreateIndex(index))
    await connection.execute(f"ANALYZE {SCHEMA}.instances")


async def unlike_the_definition(connection: Connection, live: str) -> list[str]:
    """Columns, indexes and constraints that the live table lacks or has besides, compared with those made anew."""
    wanted = {row[0] for row in await connection.fetch(_STRUCTURE, f"{SCHEMA}.instances")}
    found = {row[0] for row in await connection.fetch(_STRUCTURE, live)}
    lacking, more = sorted(wanted - found), sorted(found - wanted)
    return [*(f"without {what}" for what in lacking), *(f"with {what}" for what in more)]


async def _define(connection: Connection, element: ExecutableDDLElement) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it
    await connection.execute(str(element.compile(dialect=dialect)))
