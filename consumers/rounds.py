"""What is gone on with step by step, by one process at a time: all that is known of it stands in PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from persistence.leadership import Leadership
from schemas.settings import Settings

POLL = 1.0
QUICKEST = 0.02

Round = Callable[[], Awaitable[float]]
"""One step of each; returns for how many seconds there is nothing to do."""


async def run(settings: Settings, name: str, go_round: Round, stop: asyncio.Event) -> None:
    """Waits for the lead, and goes one round after another while it has it, until `stop` is set."""

    async def work() -> None:
        while not stop.is_set():
            pause = await go_round()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(min(pause, POLL), QUICKEST)):
                    await stop.wait()

    await Leadership(settings.database_url, name, timeout=settings.leader_timeout).lead(work, stop)
