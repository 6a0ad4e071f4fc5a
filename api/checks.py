"""Asks the dependencies whether they answer, all at once and never for long."""

import asyncio
from collections.abc import Mapping

import structlog
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.ports import Check
from bus.connection import translated as nats_translated
from persistence.engine import translated
from schemas.errors import DependencyDown
from schemas.views import Health

PATIENCE = 2.0
"""Seconds that a dependency has for its answer; a probe of Kubernetes waits little longer."""

log = structlog.get_logger("health")


def postgresql(engine: AsyncEngine) -> Check:
    """PostgreSQL answers a query."""

    async def check() -> None:
        async with translated(), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    return check


def nats(client: Client) -> Check:
    """JetStream answers a request.

    Not `flush`: a ping that is given up before its answer comes ends the client's reader, which is deaf from then on
    (nats-py 2.16, `_process_pong`), and a flush of a deaf client succeeds.
    """

    async def check() -> None:
        if not client.is_connected:
            raise DependencyDown("nats", "it is not connected")
        async with nats_translated():
            await client.jetstream(timeout=PATIENCE).account_info()

    return check


async def health(checks: Mapping[str, Check], needed: frozenset[str] | None = None) -> Health:
    """Each dependency by name, and whether all, or those that are `needed`, answer.

    Why one is down stands in the log: the answer is open to everybody.
    """
    answers = await asyncio.gather(*(_answer(name, check) for name, check in checks.items()))
    found = dict(zip(checks, answers, strict=True))
    down = {name for name, answer in found.items() if answer != "ok"}
    if not down:
        return Health(status="ok", checks=found)
    return Health(status="unavailable" if needed is None or down & needed else "degraded", checks=found)


async def _answer(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except Exception as error:  # whatever it is: this dependency cannot be used now
        log.warning("dependency down", dependency=name, error=str(error) or type(error).__name__)
        return "does not answer"
    return "ok"
