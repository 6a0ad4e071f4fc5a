"""The whole product on this machine, inhabited; only what would deploy is stubbed, as in the other measurements."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from nats.aio.client import Client

from bench.console import inhabited
from bus.connection import connected, jetstream
from bus.streams import ensure
from embedded import environment
from embedded.child import Child
from embedded.directory import DataDirectory, exclusively
from embedded.groups import group
from embedded.migrating import migrate
from embedded.ports import Claims
from embedded.state import State, remembered
from embedded.supervisor import Supervisor
from embedded.up import servers
from schemas.settings import Settings

INSTANCES = int(os.environ.get("INSTANCES", "10000"))
LETTERS = 300
_SETTLED = 15.0
"""Seconds after which everything that is done once at a start has been done."""
_PARTS = ("stub", "relay", "lifecycle")


@dataclass(frozen=True)
class Standing:
    """`settings` are the service's own; `connection` and `client` are the measurement's, to its database and bus."""

    directory: DataDirectory
    settings: Settings
    connection: "asyncpg.Connection[asyncpg.Record]"
    client: Client


@asynccontextmanager
async def standing() -> AsyncIterator[Standing]:
    """In a directory of its own, of which nothing is left."""
    wanted = Settings(cluster="simulated", deploy_concurrency=10_000, overdue_after=3_600, overdue_limit=3_600)
    with (
        tempfile.TemporaryDirectory() as temporary,
        exclusively(Path(temporary) / "data") as directory,
        Claims() as claims,
    ):
        state = remembered(directory, wanted, claims)
        inhabited.place(directory.root / "cluster", INSTANCES)
        async with (
            Supervisor(directory, lambda _: None) as supervisor,
            _started(supervisor, wanted, state, directory) as found,
        ):
            yield found


@asynccontextmanager
async def _started(
    supervisor: Supervisor, wanted: Settings, state: State, directory: DataDirectory
) -> AsyncIterator[Standing]:
    for child in servers(wanted, state, directory):
        await supervisor.start(child)
    service = environment.for_group("service", wanted, state, directory)
    await migrate(service)
    settings = environment.completed(wanted, state, directory)
    connection = await asyncpg.connect(settings.database_url)
    await inhabited.fill(connection, INSTANCES)
    async with connected(settings, "bench") as client:
        js = jetstream(client)
        await ensure(js)
        await inhabited.bury(js, LETTERS)
        await supervisor.start(group("service", service))
        for name in _PARTS:
            await supervisor.start(_part(name, environment.for_group("workers", wanted, state, directory)))
        await asyncio.sleep(_SETTLED)
        yield Standing(directory, settings, connection, client)
    await connection.close()


async def _begun() -> bool:
    """A part needs no announcement: it works when it can."""
    return True


def _part(name: str, variables: dict[str, str]) -> Child:
    root = Path(__file__).parent.parent.parent
    return Child(name, (sys.executable, "-m", "bench.part", name), _begun, environment=variables, directory=root)
