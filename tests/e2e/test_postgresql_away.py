"""PostgreSQL crashes, and is failed over, in the middle of a run: nothing that was acknowledged is lost."""

import asyncio
import json
import secrets
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from embedded.postgres import Postgres
from persistence.migrate import upgrade
from schemas.settings import Settings
from tests.support.installation import Installation, installation
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.standby import REPLICATED, make_synchronous, promote, standby_of
from tests.support.trails import intact_trails
from tests.support.waiting import until

INSTANCES = 20
LATE = 3


@pytest.fixture
def primary(place: Path) -> Postgres:
    return Postgres(place / "primary", free_port(), secrets.token_urlsafe(), REPLICATED)


@pytest.fixture
def elsewhere(whole: Settings, nats_url: str, postgres_server: Postgres) -> Settings:
    """Instances' databases are on a server that is not touched here."""
    server = {
        "id": "shared-1",
        "host": "127.0.0.1",
        "port": postgres_server.port,
        "user": "reprise",
        "password": postgres_server.password,
        "capacity": 1000,
    }
    return whole.model_copy(update={"nats_url": nats_url, "shared_servers": SecretStr(json.dumps([server]))})


async def in_the_middle(reprise: Installation) -> None:
    """Some run, others do not yet."""
    await reprise.create_many(INSTANCES - LATE)
    await reprise.has_running(2)


async def all_run_and_nothing_is_lost(reprise: Installation) -> None:
    late = [await reprise.create(f"late-{number}") for number in range(LATE)]
    await reprise.has_running(INSTANCES, 90)
    trails = await intact_trails(reprise.settings.database_url)
    assert len(trails) == INSTANCES
    assert set(late) <= set(trails)
    assert [trail for trail in trails.values() if "deploy.ready" not in trail or "deploy.failed" in trail] == []


async def says_it_is_away(reprise: Installation) -> bool:
    answer = await reprise.http.get("/readyz")
    return answer.status_code == 503 and answer.json()["checks"]["postgresql"] != "ok"


async def test_it_is_killed_and_started_again(elsewhere: Settings, primary: Postgres) -> None:
    async with running(primary.child()) as server:
        settings = elsewhere.model_copy(update={"database_url": primary.url()})
        await asyncio.to_thread(upgrade, settings.database_url)
        async with installation(settings) as reprise:
            await in_the_middle(reprise)
            server.kill()
            await until(lambda: says_it_is_away(reprise))
            async with running(primary.child()):
                await all_run_and_nothing_is_lost(reprise)


async def test_a_synchronous_replica_takes_over(elsewhere: Settings, primary: Postgres, place: Path) -> None:
    async with running(primary.child()) as server:
        standby = await standby_of(primary, place / "standby")
        async with running(standby.child()):
            await make_synchronous(primary)
            hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
            url = f"postgresql://reprise:{primary.password}@{hosts}/reprise?target_session_attrs=read-write"
            settings = elsewhere.model_copy(update={"database_url": url})
            await asyncio.to_thread(upgrade, url)
            async with installation(settings) as reprise:
                await in_the_middle(reprise)
                server.kill()
                await until(lambda: says_it_is_away(reprise))
                await promote(standby)
                await all_run_and_nothing_is_lost(reprise)
                leading = {f"reprise leader of {name}" for name in ("bulk-retry", "relay", "replay", "watcher")}
                assert await leaders(standby) == leading


async def leaders(server: Postgres) -> set[str]:
    """Who holds the lead, as the server that took over knows."""
    connection = await asyncpg.connect(server.url())
    try:
        query = "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory'"
        names = {row["application_name"] for row in await connection.fetch(query)}
    finally:
        await connection.close()
    return {name for name in names if name.startswith("reprise leader")}
