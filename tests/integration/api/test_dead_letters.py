"""Dead letters over HTTP, met by the real lifecycle: shown without secrets, redriven with their story, dropped."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from bus.connection import jetstream
from consumers import lifecycle
from schemas.cloudevents import headers, subject
from schemas.events import Actor, Event, wish
from schemas.payloads import ProvisionRequested
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.states import State
from tests.integration.api.world import World
from tests.support.parts import part
from tests.support.waiting import until

ALICE = Actor("bus", "alice")
PATH = "/api/dead-letters"
SECRETS = b'{"change": {"cpu": "lots"}, "database": {"password": "hunter2"}, "url": "postgresql://u:hunter2@db/x"}'


def wished(event_type: EventType = EventType.CANCEL_REQUESTED, instance_id: UUID | None = None) -> Event:
    return wish(event_type, instance_id or uuid4(), ALICE, datetime.now(UTC))


async def say(world: World, event: Event, body: bytes = b"{}") -> None:
    await jetstream(world.backend.nats).publish(subject(event), body, headers=headers(event))


@pytest_asyncio.fixture(autouse=True)
async def deciding(settings: Settings, world: World) -> AsyncIterator[None]:
    async with part(lifecycle.run, settings):
        yield


async def page(world: World) -> dict[str, Any]:
    found: dict[str, Any] = (await world.admin.get(PATH)).json()
    return found


async def letters(world: World, count: int = 1) -> list[dict[str, Any]]:
    """Once there are so many."""

    async def there() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await page(world))["items"]
        return items if len(items) == count else []

    return await until(there, what=f"{count} dead letters")


async def test_they_are_grouped_by_error_whatever_ids_it_names_newest_first(world: World) -> None:
    assert await page(world) == {"groups": [], "items": [], "total": 0}
    for _ in range(2):
        await say(world, wished())
    await letters(world, 2)
    await say(world, wished(), b"{")
    found = await letters(world, 3)
    groups = (await page(world))["groups"]
    assert groups[0] == {"part": "lifecycle", "error": "Instance not found", "count": 2}
    assert [group["count"] for group in groups] == [2, 1]
    assert [each["sequence"] for each in found] == sorted((each["sequence"] for each in found), reverse=True)


async def test_what_looks_like_a_secret_is_masked(world: World) -> None:
    await say(world, wished(EventType.RETRY_REQUESTED), SECRETS)
    [letter] = await letters(world)
    whole = (await world.admin.get(f"{PATH}/{letter['sequence']}")).json()
    assert whole["data"]["database"] == {"password": "•••"}
    assert whole["data"]["url"] == "postgresql://u:•••@db/x"
    assert whole["headers"]["ce-type"] == "retry.requested"
    assert "hunter2" not in str(whole)


async def test_what_fails_again_keeps_its_whole_story(world: World) -> None:
    await say(world, wished())
    for before in (1, 2):
        [letter] = await letters(world)
        answer = await world.admin.post(f"{PATH}/{letter['sequence']}/redrive", json={"reason": f"try {before}"})
        assert answer.status_code == 200, answer.text

        async def back(before: int = before) -> bool:
            items = (await page(world))["items"]
            return bool(items) and items[0]["before"] == before

        await until(back, what="it to come back")
    [letter] = await letters(world)
    story = (await world.admin.get(f"{PATH}/{letter['sequence']}")).json()["story"]
    assert [(each["error"], each["reason"], each["part"]) for each in story] == [
        ("Instance not found", "try 1", "lifecycle"),
        ("Instance not found", "try 2", "lifecycle"),
    ]
    assert all(each["redriven_by"] for each in story)


async def test_what_can_be_dealt_with_now_is(world: World) -> None:
    event = wished()
    await say(world, event)
    [letter] = await letters(world)
    made = wish(
        EventType.PROVISION_REQUESTED,
        event.instance_id,
        ALICE,
        datetime.now(UTC),
        ProvisionRequested(customer_id="acme", name="shop"),
    )
    await world.backend.writer.apply([made])
    await world.admin.post(f"{PATH}/{letter['sequence']}/redrive", json={"reason": "it is there now"})

    async def cancelled() -> bool:
        state = (await world.instance(event.instance_id)).state
        return state not in (State.PENDING, State.ALLOCATING_DATABASE)

    await until(cancelled, what="the wish to be decided")
    assert (await page(world))["total"] == 0


async def test_what_is_dropped_is_gone(world: World) -> None:
    await say(world, wished())
    [letter] = await letters(world)
    one = f"{PATH}/{letter['sequence']}"
    assert (await world.admin.post(f"{one}/drop", json={"reason": "of a test"})).status_code == 200
    assert (await page(world))["total"] == 0
    for answer in (
        await world.admin.get(one),
        await world.admin.post(f"{one}/drop", json={"reason": "again"}),
        await world.admin.post(f"{one}/redrive", json={"reason": "again"}),
    ):
        assert (answer.status_code, "There is no dead letter" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize("verb", ["redrive", "drop"])
async def test_only_an_admin_who_says_why(world: World, verb: str) -> None:
    assert (await world.acme.get(PATH)).status_code == 403
    assert (await world.acme.get(f"{PATH}/1")).status_code == 403
    assert (await world.acme.post(f"{PATH}/1/{verb}", json={"reason": "x"})).status_code == 403
    assert (await world.admin.post(f"{PATH}/1/{verb}", json={})).json()["field"] == "reason"
