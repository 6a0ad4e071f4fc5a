"""Dependencies that hang, as a lost network makes them: told in bounded time, and no harm done when they go on."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from subprocess import Popen

import psutil
import pytest
import pytest_asyncio
from nats.aio.client import Client
from sqlalchemy import text

from api import checks, gauges
from bus.connection import connect, jetstream
from embedded.nats import Nats
from persistence import engine as engines
from persistence.tables import instances
from schemas.settings import Settings
from tests.integration.api.world import World
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.waiting import until


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Nats, Popen[bytes]]]:
    """A NATS server of the test's own, so that it can be made to hang."""
    nats = Nats(tmp_path, free_port(), secrets.token_urlsafe())
    async with running(nats.child()) as process:
        yield nats, process
        process.send_signal(SIGCONT)


@pytest_asyncio.fixture
async def client(server: tuple[Nats, Popen[bytes]]) -> AsyncIterator[Client]:
    """Reprise's own client of it."""
    found = await connect(Settings(nats_url=server[0].url), "test")
    yield found
    await found.close()


async def hang(server: Popen[bytes]) -> None:
    """The signal takes effect when the process is scheduled next: until then it still answers."""
    server.send_signal(SIGSTOP)
    await until(lambda: psutil.Process(server.pid).status() == psutil.STATUS_STOPPED, what="the server to hang")


async def test_a_check_of_nats_that_hangs_leaves_the_client_working(
    server: tuple[Nats, Popen[bytes]], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PATIENCE", 0.2)
    found = {"nats": checks.nats(client)}
    assert (await checks.health(found)).status == "ok"
    await hang(server[1])
    for _ in range(3):
        assert (await checks.health(found)).checks == {"nats": "does not answer"}
    server[1].send_signal(SIGCONT)

    async def well() -> bool:
        return (await checks.health(found)).status == "ok"

    await until(well)
    assert (await client.jetstream(timeout=5).account_info()).streams == 0


async def test_metrics_of_what_hangs_are_given_up_in_time_for_the_others(
    server: tuple[Nats, Popen[bytes]], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "PATIENCE", 0.2)
    await hang(server[1])
    async with asyncio.timeout(5):
        registry = await gauges.measured([gauges.of_bus(jetstream(client))])
    assert registry.get_sample_value("reprise_dependency_up", {"dependency": "nats"}) == 0


async def test_a_database_that_hangs_is_a_503_in_the_end(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "STATEMENT", 0.3)
    impatient = engines.make_engine(settings.database_url)
    async with world.backend.engine.begin() as other:
        await other.execute(text(f"LOCK TABLE {instances.name} IN ACCESS EXCLUSIVE MODE"))
        object.__setattr__(world.backend, "engine", impatient)
        async with asyncio.timeout(20):
            answer = await world.acme.get("/api/instances")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "postgresql does not answer: no answer in time"
    assert (await world.acme.get("/api/instances")).status_code == 200
    await impatient.dispose()
