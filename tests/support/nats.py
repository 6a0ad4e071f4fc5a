"""A real NATS server with JetStream for the test session, empty at the start of each test."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client

from embedded.nats import Nats
from tests.support.ports import free_port
from tests.support.running import running_for_session
from tests.support.waiting import until


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """One server for the session, with monitoring pages; use `nats_url`, which also empties it."""
    server = Nats(tmp_path_factory.mktemp("nats"), free_port(), secrets.token_urlsafe(), monitoring=free_port())
    with running_for_session(server.child()):
        yield server


@pytest_asyncio.fixture
async def nats_url(nats_server: Nats) -> str:
    """The URL (nats://token@…) of a server that has no streams."""
    async with connected(nats_server.url) as client:
        context = client.jetstream()
        for stream in await context.streams_info():
            assert stream.config.name is not None
            await context.delete_stream(stream.config.name)
    await until(lambda: not _kept(nats_server), what="NATS to have removed what it kept of the last test's streams")
    return nats_server.url


def _kept(server: Nats) -> list[Path]:
    """It removes them after it has answered, and may not be able to make one of that name meanwhile."""
    return list(server.directory.glob("jetstream/jetstream/$G/streams/*"))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """A client of the server, closed at the end."""
    client = await nats.connect(url, connect_timeout=5)
    try:
        yield client
    finally:
        await client.close()
