"""A database-service on a real server, with a second way in to see what it made."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from databases.secrets import Vault
from databases.servers import EMBEDDED, SharedServer, register
from embedded.postgres import USER, Postgres
from persistence.engine import make_engine
from tests.integration.databases.bench import Bench


@pytest_asyncio.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """The service's pool."""
    engine = make_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
def vault() -> Vault:
    """With one key."""
    return Vault(Fernet.generate_key().decode())


@pytest.fixture
def server(postgres_server: Postgres) -> SharedServer:
    """The session's server, as one for shared databases with three places."""
    return SharedServer(
        id=EMBEDDED,
        host="127.0.0.1",
        port=postgres_server.port,
        user=USER,
        password=SecretStr(postgres_server.password),
        capacity=3,
    )


@pytest_asyncio.fixture
async def bench(
    engine: AsyncEngine, vault: Vault, server: SharedServer, postgres_server: Postgres
) -> AsyncIterator[Bench]:
    """The service with that one server; what a test makes on the server is removed after it."""
    await register(engine, vault, [server])
    bench = Bench(engine, vault, postgres_server)
    yield bench
    await bench.sweep()


@pytest_asyncio.fixture
async def admin(postgres_server: Postgres) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser's connection."""
    connection = await asyncpg.connect(postgres_server.url("postgres"))
    yield connection
    await connection.close()


@pytest.fixture
def instance_id() -> UUID:
    """A new instance's."""
    return uuid4()
