"""What a host does on the first day: take in what runs, hold, release, trash, restore and purge, by every way in."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from api.tokens import Role, mint_token
from bus.connection import connected
from cli import app
from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE
from embedded.postgres import Postgres
from schemas.events import wish
from schemas.settings import Settings
from schemas.types import EventType
from tests.integration.bus.saying import ALICE, publish
from tests.integration.cluster.foreign import Foreign
from tests.support.installation import Installation, installation
from tests.support.postgres import administration
from tests.support.waiting import until

PURGE_AFTER = 20
MADE = ((DEPLOYMENT, "odoo-shop"), (CLAIM, "shop-files"), (SERVICE, "shop-web"), (SECRET, "shop-db"))


@pytest.fixture
def host(whole: Settings, nats_url: str) -> Settings:
    """One whose trash is emptied soon, and whose commands are repeated."""
    return whole.model_copy(
        update={
            "nats_url": nats_url,
            "purge_after": PURGE_AFTER,
            "overdue_after": 5,
            "failure_grace": 0,
            "resync_every": 2,
        }
    )


@pytest_asyncio.fixture
async def reprise(host: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Installation]:
    """All parts, and the command line that finds them."""
    async with installation(host) as running:
        monkeypatch.setenv("REPRISE_URL", f"http://127.0.0.1:{host.port}")
        monkeypatch.setenv("REPRISE_TOKEN", mint_token(host, Role.ADMIN, "alice"))
        yield running


@pytest_asyncio.fixture
async def database_of_shop(postgres_server: Postgres) -> AsyncIterator[dict[str, Any]]:
    """A database with a customer's work in it, as an adoption names it."""
    name, password = f"shop_{secrets.token_hex(4)}", secrets.token_urlsafe()
    async with administration(postgres_server) as connection:
        await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    where = {"host": "127.0.0.1", "port": postgres_server.port, "database": name}
    work = await asyncpg.connect(**where, user=name, password=password)
    await work.execute("CREATE TABLE res_partner ()")
    await work.close()
    yield {**where, "username": name, "password": password}
    async with administration(postgres_server) as connection:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"DROP ROLE {name}")


async def by_the_bus(host: Settings, event_type: EventType, identity: str) -> None:
    """A wish as any other system would publish it."""
    async with connected(host, "somebody") as client:
        await publish(client, wish(event_type, UUID(identity), ALICE, datetime.now(UTC)))


async def test_hold_and_release_work_by_every_way_in(reprise: Installation, host: Settings) -> None:
    identity = await reprise.create("shop")
    await reprise.reaches(identity, "running")

    async def held(expected: bool) -> None:
        async def is_so() -> bool:
            return bool((await reprise.instance(identity))["held"]) is expected

        await until(is_so, what=f"the instance to be {'held' if expected else 'released'}")

    assert app.main(["hold", identity, "--reason", "a look"]) == 0
    await held(True)
    await by_the_bus(host, EventType.RELEASE_REQUESTED, identity)
    await held(False)
    assert (await reprise.http.post(f"/api/instances/{identity}/hold")).status_code == 202
    await held(True)
    assert app.main(["publish", "release.requested", identity]) == 0
    await held(False)
    await by_the_bus(host, EventType.HOLD_REQUESTED, identity)
    await held(True)
    assert app.main(["release", identity]) == 0
    await held(False)


async def test_the_trash_is_restored_from_and_purged_when_its_time_has_come(
    reprise: Installation, host: Settings
) -> None:
    identity = await reprise.create("shop")
    await reprise.reaches(identity, "running")
    await through_the_trash(reprise, host, identity)


async def test_what_was_adopted_goes_through_the_trash_like_any_other(
    reprise: Installation, host: Settings, database_of_shop: dict[str, Any], postgres_server: Postgres
) -> None:
    async with Cluster(host) as cluster:
        foreign = Foreign(cluster)
        await foreign.made()
        await foreign.ready()
        [before] = await foreign.pods()
        body = {"customer_id": "acme", "name": "shop", "objects": {"deployment": "odoo-shop"}}
        adopted = await reprise.http.post("/api/instances/adopt", json={**body, "database": database_of_shop})
        assert (adopted.status_code, adopted.json()["state"]) == (202, "running"), adopted.text
        [after] = await foreign.pods()
        assert after["metadata"]["uid"] == before["metadata"]["uid"]

        await through_the_trash(reprise, host, adopted.json()["id"])

        for kind, name in MADE:
            assert await cluster.get(kind, name) is None
        assert await foreign.pods() == []
    async with administration(postgres_server) as connection:
        left = "SELECT count(*) FROM pg_database WHERE datname = $1"
        assert await connection.fetchval(left, database_of_shop["database"]) == 0


async def through_the_trash(reprise: Installation, host: Settings, identity: str) -> None:
    """Deleted, restored, started; deleted again, held beyond its time, released, and purged."""
    assert app.main(["delete", identity]) == 0
    trashed = await reprise.reaches(identity, "trashed")
    assert trashed["deadline_at"] is not None
    await by_the_bus(host, EventType.RESTORE_REQUESTED, identity)
    await reprise.reaches(identity, "stopped")
    assert app.main(["start", identity]) == 0
    await reprise.reaches(identity, "running")

    assert (await reprise.http.delete(f"/api/instances/{identity}")).status_code == 202
    due = datetime.fromisoformat((await reprise.reaches(identity, "trashed"))["deadline_at"])
    assert app.main(["hold", identity]) == 0
    await until(lambda: datetime.now(UTC) > due, PURGE_AFTER + 5, what="its time to have come")
    held = await reprise.instance(identity)
    assert (held["state"], held["held"], held["deadline_at"]) == ("trashed", True, None)
    assert app.main(["release", identity]) == 0
    await reprise.reaches(identity, "deleted")
    assert [row["type"] for row in await reprise.trail(identity) if row["outcome"] == "applied"].count("purge.due") == 1
