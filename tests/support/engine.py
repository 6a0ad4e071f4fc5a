"""An engine on the test's own database."""

from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import make_engine


@pytest_asyncio.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    """A pool of up to ten connections, closed after the test."""
    engine = make_engine(database, pool_size=10)
    yield engine
    await engine.dispose()
