"""Runs bulk retries: one runner is active, beside admission; all it knows stands in PostgreSQL."""

import asyncio
from functools import partial

import structlog

from consumers import rounds
from persistence.bulk_steps import step, unended
from persistence.writer import Writer
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
NAME = "bulk-retry"


async def run(settings: Settings, writer: Writer, stop: asyncio.Event) -> None:
    """Waits for the lead, and goes on with every bulk retry while it has it, until `stop` is set."""
    await rounds.run(settings, NAME, partial(_round, writer), stop)


async def _round(writer: Writer) -> float:
    try:
        taken = [await step(writer, bulk_id) for bulk_id in await unended(writer.engine)]
    except DependencyDown as error:
        log.warning("bulk_retry.waits", error=str(error))
        return rounds.POLL
    return min((each.due_in for each in taken if each.due_in is not None), default=rounds.POLL)
