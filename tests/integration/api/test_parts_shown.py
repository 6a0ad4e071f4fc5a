"""GET /api/parts: whether somebody does each part's work, from what it leaves where all can see it."""

import asyncio
from typing import Any

import pytest

from api import parts
from bus.connection import jetstream
from bus.streams import INSTANCES_STREAM, LIFECYCLE
from persistence.leadership import alone
from schemas.settings import Settings
from tests.integration.api.conftest import FakeServers
from tests.integration.api.world import World

PATH = "/api/parts"


async def shown(world: World) -> dict[str, dict[str, Any]]:
    found = (await world.admin.get(PATH)).json()["parts"]
    return {each["part"]: each for each in found}


async def test_where_nothing_runs_every_part_says_so(world: World, servers: FakeServers) -> None:
    servers.down = True
    await world.create()
    found = await shown(world)
    assert list(found) == ["relay", "watcher", "lifecycle", "database", "cluster", "database-service"]
    assert not any(each["well"] for each in found.values())
    assert found["relay"]["line"].startswith("none is active; 1 row of the outbox is due")
    assert found["cluster"]["line"].startswith("nobody takes its messages; 0 messages to come")
    assert "connection refused" in found["database-service"]["line"]
    assert (await world.acme.get(PATH)).status_code == 403


async def test_who_leads_and_who_listens_is_well(world: World, settings: Settings) -> None:
    js = jetstream(world.backend.nats)
    subscription = await js.pull_subscribe_bind(consumer=LIFECYCLE, stream=INSTANCES_STREAM)
    listening = asyncio.create_task(subscription.fetch(1, timeout=30))
    async with alone(settings.database_url, "relay"), alone(settings.database_url, "watcher"):
        found = await shown(world)
    listening.cancel()
    assert {name for name, each in found.items() if each["well"]} == {
        "relay",
        "watcher",
        "lifecycle",
        "database-service",
    }
    assert found["watcher"]["line"] == "active"


async def test_a_relay_that_is_behind_is_not_well(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create()
    monkeypatch.setattr(parts, "BEHIND", 0.0)
    async with alone(settings.database_url, "relay"):
        relay = (await shown(world))["relay"]
    assert (relay["well"], relay["line"][:7]) == (False, "active;")
