"""Runs a part of Reprise inside the test's own loop, and the settings it needs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from schemas.settings import Settings

EVENT_KEY = "test-event-key-of-thirty-two-bytes"
Run = Callable[[Settings, asyncio.Event], Awaitable[None]]


@pytest.fixture
def settings(database: str, nats_url: str) -> Settings:
    """Settings of a process that has this test's database and an empty NATS server."""
    return Settings(
        database_url=database,
        nats_url=nats_url,
        event_key=SecretStr(EVENT_KEY),
        leader_timeout=2,
        overdue_after=1,
    )


@asynccontextmanager
async def part(run: Run, settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """The part runs for as long as the block does, and must end by itself when it is asked to."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(run(settings, stop))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await asyncio.gather(task, return_exceptions=task.cancelled())
