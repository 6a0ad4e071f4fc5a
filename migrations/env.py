"""Runs the migrations over asyncpg, one runner at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from persistence.engine import ASYNCPG, connector, translated

LOCK = 0x5265_7072_6973_6500  # "Reprise": whoever migrates holds it, a second runner waits


def run(connection: Connection) -> None:
    """All migrations in one transaction: a failing one leaves nothing behind."""
    context.configure(connection=connection)
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        context.run_migrations()


async def main(url: str) -> None:
    """Connects and migrates."""
    engine = create_async_engine(ASYNCPG, poolclass=NullPool, async_creator=connector(url, 10))
    try:
        async with translated(), engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(main(context.config.attributes["database_url"]))
