"""Sends past events again: one runner is active, beside bulk retries; all it knows stands in PostgreSQL."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import structlog
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from bus.replaying import Resender
from consumers import rounds
from persistence.replay_steps import sending, step
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
NAME = "replay"


async def run(settings: Settings, engine: AsyncEngine, js: JetStreamContext, stop: asyncio.Event) -> None:
    """Waits for the lead, and goes on with every replay while it has it, until `stop` is set."""
    resender = Resender(js)

    async def go_round() -> float:
        try:
            ids = await sending(engine)
        except DependencyDown as error:
            log.warning("replay.waits", error=str(error))
            return rounds.POLL
        return min([rounds.POLL, *[await _step(engine, resender, replay_id) for replay_id in ids]])

    await rounds.run(settings, NAME, go_round, stop)


async def _step(engine: AsyncEngine, resender: Resender, replay_id: UUID) -> float:
    """For how many seconds there is nothing to do; what one waits for must not keep the others."""
    try:
        due_in = await step(engine, replay_id, resender.send, lambda: datetime.now(UTC))
    except DependencyDown as error:
        log.warning("replay.waits", replay=str(replay_id), error=str(error))
        return rounds.POLL
    return rounds.POLL if due_in is None else due_in
