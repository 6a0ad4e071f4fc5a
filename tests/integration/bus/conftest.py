"""A client of a NATS server whose streams are there."""

from collections.abc import AsyncIterator

import pytest_asyncio
from nats.aio.client import Client

from bus.connection import connected, jetstream
from bus.streams import ensure
from schemas.settings import Settings


@pytest_asyncio.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with connected(settings, "test") as client:
        await ensure(jetstream(client))
        yield client
