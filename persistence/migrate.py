"""Brings the schema up to date with Alembic, or waits until that is done; safe to run by several at once."""

import asyncio
from pathlib import Path

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

log = structlog.get_logger()
MIGRATIONS = Path(__file__).parent.parent / "migrations"
LOOK_EVERY = 2.0


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """The schema at `revision`. Raises DependencyDown where PostgreSQL does not answer."""
    command.upgrade(_config(database_url), revision)


def wanted() -> str | None:
    """The revision that this version of Reprise needs."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


async def found(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    """The revision that the database is at, None for one that was never migrated."""
    try:
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return revision


async def until_migrated(database_url: str) -> None:
    """Returns when somebody has brought the schema to what this version needs, however long PostgreSQL is away."""
    while (why := await _why_not(database_url)) is not None:
        log.info("migration.awaited", why=why)
        await asyncio.sleep(LOOK_EVERY)


async def _why_not(database_url: str) -> str | None:
    try:
        connection = await asyncpg.connect(database_url, timeout=5)
        try:
            revision = await found(connection)
        finally:
            await connection.close(timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.TargetServerAttributeNotMatched) as error:
        return str(error) or type(error).__name__
    return None if revision == wanted() else f"the schema is at {revision or 'nothing'}, not at {wanted()}"
