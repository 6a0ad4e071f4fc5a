"""A real PostgreSQL server for the test session, and a fresh migrated database for each test."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from embedded.postgres import Postgres
from persistence.migrate import upgrade
from tests.support.ports import free_port
from tests.support.running import running_for_session

TEMPLATE = "migrated_template"
# a test's data need not survive a power cut, and several engines with their pools are open at once
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for the session; `postgres_server.url(database)` reaches any database on it as superuser.

    Not below pytest's own directory: another pytest that starts meanwhile would shut PostgreSQL's account out of it.
    """
    with tempfile.TemporaryDirectory(prefix="reprise-test-", ignore_cleanup_errors=True) as directory:
        server = Postgres(Path(directory) / "postgres", free_port(), secrets.token_urlsafe(), FAST)
        with running_for_session(server.child()):
            yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres) -> str:
    """The name of a database that is migrated and never used otherwise: what each test's database is copied from."""
    asyncio.run(_make_template(postgres_server))
    upgrade(postgres_server.url(TEMPLATE))
    return TEMPLATE


@pytest_asyncio.fixture
async def database(postgres_server: Postgres, migrated_template: str) -> AsyncIterator[str]:
    """The URL (postgresql://…) of a fresh, migrated database, dropped after the test."""
    async with copied(postgres_server, migrated_template) as url:
        yield url


@asynccontextmanager
async def copied(server: Postgres, template: str) -> AsyncIterator[str]:
    """The URL of a copy of a database, for as long as the block lasts."""
    name = f"test_{secrets.token_hex(6)}"
    async with administration(server) as connection:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield server.url(name)
    async with administration(server) as connection:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def administration(server: Postgres) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser's connection to the server's own database."""
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        yield connection
    finally:
        await connection.close()


async def _make_template(server: Postgres) -> None:
    async with administration(server) as connection:
        await connection.execute(f'CREATE DATABASE "{TEMPLATE}"')
