"""Puts each part together from what it needs; only the parts that a process runs are loaded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.metrics import Metrics
from api.tokens import Role, mint_token
from schemas.settings import Settings

if TYPE_CHECKING:
    from databases.client import DatabaseClient


@dataclass(frozen=True)
class Process:
    """What the parts of one process share. `stop` asks them to finish what is in flight, and to return."""

    settings: Settings
    names: frozenset[str]
    stop: asyncio.Event
    metrics: Metrics = field(default_factory=Metrics)


async def lifecycle(process: Process) -> None:
    """Decides events, and admits."""
    from cluster.profiles import Profiles
    from consumers.accepting import accepted_by
    from consumers.decisions import told
    from consumers.lifecycle import run

    accept = accepted_by(Profiles.load(process.settings))
    await run(process.settings, process.stop, accept, observers=[process.metrics.on_results, told])


async def relay(process: Process) -> None:
    """Moves the outbox into JetStream."""
    from bus.relay import run

    await run(process.settings, process.stop, process.metrics.on_relayed)


async def database(process: Process) -> None:
    """Has databases allocated."""
    from consumers.database import run

    async with database_client(process.settings) as client:
        await run(process.settings, process.stop, client)


async def cluster(process: Process) -> None:
    """Carries out what the cluster is commanded."""
    from consumers.cluster import run

    async with database_client(process.settings) as client:
        await run(process.settings, process.stop, client)


async def watcher(process: Process) -> None:
    """Says what the cluster shows."""
    from consumers.watcher import run

    async with database_client(process.settings) as client:
        await run(process.settings, process.stop, client)


async def http(process: Process) -> None:
    """Answers: the routes of its parts, or only health and metrics."""
    from cli.web import run

    await run(process)


WORK: Mapping[str, Callable[[Process], Awaitable[None]]] = {
    "lifecycle": lifecycle,
    "relay": relay,
    "database": database,
    "cluster": cluster,
    "watcher": watcher,
}
"""The parts that work; the others only answer over HTTP."""


@asynccontextmanager
async def database_client(settings: Settings) -> "AsyncIterator[DatabaseClient]":
    """The database-service, as the other parts reach it."""
    from databases.client import DatabaseClient

    def token() -> str:
        given = settings.service_token
        return given.get_secret_value() if given else mint_token(settings, Role.SERVICE, "effects")

    url = settings.database_service_url or f"http://{settings.host}:{settings.port}"
    async with DatabaseClient(url, token) as client:
        yield client
