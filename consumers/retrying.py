"""Runs bulk retries: one runner is active, beside admission; all it knows stands in PostgreSQL."""

import asyncio
from contextlib import suppress

import structlog

from persistence.bulk_steps import step, unended
from persistence.leadership import Leadership
from persistence.writer import Writer
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
NAME = "bulk-retry"
POLL = 1.0
QUICKEST = 0.02


async def run(settings: Settings, writer: Writer, stop: asyncio.Event) -> None:
    """Waits for the lead, and goes on with every bulk retry while it has it, until `stop` is set."""

    async def work() -> None:
        while not stop.is_set():
            pause = await _round(writer)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()

    await Leadership(settings.database_url, NAME, timeout=settings.leader_timeout).lead(work, stop)


async def _round(writer: Writer) -> float:
    """One step of each; returns for how many seconds there is nothing to do."""
    try:
        taken = [await step(writer, bulk_id) for bulk_id in await unended(writer.engine)]
    except DependencyDown as error:
        log.warning("bulk_retry.waits", error=str(error))
        return POLL
    due = [each.due_in for each in taken if each.due_in is not None]
    return max(min([POLL, *due]), QUICKEST)
