"""Waiting for room: how long an attempt may, told wherever one looks, and ended by a cancel."""

from datetime import UTC, datetime, timedelta

from schemas.payloads import Progress
from schemas.types import EventType
from tests.integration.api.world import DATABASE, TIMED_OUT, World

DAY = timedelta(hours=24)


async def waiting_for_room(world: World, identity: str) -> datetime:
    """Applied, and no node takes it; returns a moment just before."""
    await world.say(identity, EventType.PROVISION_ADMITTED)
    await world.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
    before = datetime.now(UTC)
    await world.say(identity, EventType.DEPLOY_APPLIED)
    await world.say(identity, EventType.DEPLOY_PROGRESSING, Progress(cause=TIMED_OUT))
    return before


async def test_an_attempt_waits_as_long_as_it_was_asked_to_and_says_until_when(world: World) -> None:
    identity = (await world.create(patience="24h"))["id"]
    began = await waiting_for_room(world, identity)
    shown = (await world.acme.get(f"/api/instances/{identity}")).json()
    until = datetime.fromisoformat(shown["deadline_at"])
    assert began + DAY <= until <= datetime.now(UTC) + DAY
    assert shown["waiting"]["deadline_at"] == shown["deadline_at"]
    assert TIMED_OUT.rstrip(".") in shown["waiting"]["line"]
    assert f"at {until:%Y-%m-%d %H:%M:%S} UTC it is cleaned up" in shown["waiting"]["line"]


async def test_the_audit_log_has_the_patience_of_each_wish(world: World) -> None:
    identity = (await world.create(patience="24h"))["id"]
    await world.acme.post(f"/api/instances/{identity}/cancel")
    await world.acme.post(f"/api/instances/{identity}/retry", json={"patience": "2h", "reason": "the node comes soon"})
    rows = (await world.acme.get(f"/api/instances/{identity}/audit")).json()["items"]
    data = {row["type"]: row["data"] for row in rows}
    assert data["provision.requested"]["request"]["patience"] == 86_400
    assert data["retry.requested"]["change"]["patience"] == 7_200


async def test_the_next_attempt_brings_its_own_patience_or_none(world: World) -> None:
    identity = (await world.create(patience="24h"))["id"]
    await world.acme.post(f"/api/instances/{identity}/cancel")
    await world.acme.post(f"/api/instances/{identity}/retry")
    began = await waiting_for_room(world, identity)
    until = (await world.instance(identity)).deadline_at
    assert until is not None
    assert timedelta(seconds=180) <= until - began < timedelta(hours=1)


async def test_a_cancel_ends_the_waiting(world: World) -> None:
    identity = (await world.create(patience="24h"))["id"]
    await waiting_for_room(world, identity)
    assert (await world.acme.post(f"/api/instances/{identity}/cancel")).status_code == 202
    shown = (await world.acme.get(f"/api/instances/{identity}")).json()
    assert (shown["state"], shown["error_code"], shown["deadline_at"]) == ("cleaning_up", "cancelled", None)
