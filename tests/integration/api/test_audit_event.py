"""One row of the audit log explained: what it changed, its cause, and how far what followed has come."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from bus.connection import jetstream
from bus.relay import Relay
from bus.streams import DATABASE_STREAM
from schemas.settings import Settings
from schemas.types import EventType
from tests.integration.api.world import DATABASE, World


async def explained(world: World, identity: str, event_type: EventType) -> dict[str, Any]:
    """The only row of this type."""
    query = {"instance_id": identity, "type": event_type}
    [row] = (await world.admin.get("/api/audit", params=query)).json()["items"]
    answer = await world.admin.get(f"/api/audit/{row['event_id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def progress(found: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["progress"] for each in found["consequences"]}


@pytest.fixture
def relay(world: World, settings: Settings) -> Relay:
    """Moved by hand: what is in the outbox stays there until a test moves it."""
    return Relay(world.backend.engine, world.backend.nats, settings.event_key_bytes)


async def admitted(world: World) -> str:
    identity: str = (await world.create())["id"]
    await world.say(identity, EventType.PROVISION_ADMITTED)
    return identity


async def test_a_row_says_field_by_field_what_it_changed(world: World) -> None:
    identity = await admitted(world)
    found = await explained(world, identity, EventType.PROVISION_ADMITTED)
    changed = {each["field"]: (each["before"], each["after"]) for each in found["changes"]}
    assert changed["state"] == ("pending", "allocating_database")
    assert changed["step"] == (1, 2)
    assert "name" not in changed
    assert found["event"]["id"] == found["row"]["event_id"]
    assert found["policy"]["deploy_timeout"] == 180
    assert len(found["hash"]) == 64
    assert found["gaps"] == []


async def test_the_cause_of_a_fact_is_what_began_its_step(world: World) -> None:
    identity = await admitted(world)
    await world.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
    found = await explained(world, identity, EventType.DATABASE_ALLOCATED)
    assert (found["cause"]["type"], found["cause"]["sequence"]) == ("provision.admitted", 2)
    assert (await explained(world, identity, EventType.PROVISION_REQUESTED))["cause"] is None


async def test_what_followed_is_traced_from_outbox_to_stream_to_the_next_row(world: World, relay: Relay) -> None:
    identity = await admitted(world)
    before = await explained(world, identity, EventType.PROVISION_ADMITTED)
    assert progress(before) == {
        "database.allocate": "waiting",
        "step.overdue": "scheduled",
        "database.timeout": "scheduled",
        "state.changed": "waiting",
    }
    while await relay.move():
        pass
    moved = await explained(world, identity, EventType.PROVISION_ADMITTED)
    [command] = [each for each in moved["consequences"] if each["kind"] == "command"]
    kept = await jetstream(world.backend.nats).get_last_msg(DATABASE_STREAM, f"instances.{identity}.database.allocate")
    assert (command["progress"], command["stream_sequence"]) == ("on_stream", kept.seq)
    assert (command["consumer"], command["note"]) == ("database", "not taken yet")
    assert progress(moved)["state.changed"] == "told"
    await world.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
    after = await explained(world, identity, EventType.PROVISION_ADMITTED)
    assert progress(after) == {
        "database.allocate": "answered",
        "step.overdue": "ended",
        "database.timeout": "ended",
        "state.changed": "told",
    }
    assert {each["row"]["type"] for each in after["consequences"] if each["row"]} == {"database.allocated"}
    assert after["gaps"] == []


async def test_what_is_nowhere_is_flagged_as_a_gap(world: World) -> None:
    identity = await admitted(world)
    async with world.backend.engine.begin() as connection:
        await connection.execute(text("DELETE FROM outbox"))
    found = await explained(world, identity, EventType.PROVISION_ADMITTED)
    assert set(progress(found).values()) == {"missing"}
    assert len(found["gaps"]) == 4
    assert found["gaps"][0].startswith("database.allocate (")
    assert "neither in the outbox nor on a stream" in found["gaps"][0]


async def test_what_is_decided_next_is_a_row_of_its_own(world: World) -> None:
    identity = await world.failed()
    await world.acme.post(f"/api/instances/{identity}/retry")
    await world.say(identity, EventType.PROVISION_ADMITTED)
    await world.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
    query = {"instance_id": identity, "type": "retry.verified"}
    assert (await world.admin.get("/api/audit", params=query)).json()["items"] == []
    await world.say(identity, EventType.DEPLOY_APPLIED)
    await world.say(identity, EventType.DEPLOY_READY)
    found = await explained(world, identity, EventType.DEPLOY_READY)
    [verified] = [each for each in found["consequences"] if each["type"] == "retry.verified"]
    assert (verified["kind"], verified["progress"]) == ("fact", "decided")
    assert (await explained(world, identity, EventType.RETRY_VERIFIED))["cause"]["type"] == "deploy.ready"


async def test_a_row_that_was_changed_contradicts_those_before_it(world: World) -> None:
    identity = await admitted(world)
    async with world.backend.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER append_only"))
        await connection.execute(text("UPDATE audit_log SET state_after = 'running' WHERE sequence = 2"))
    [sentence] = (await explained(world, identity, EventType.PROVISION_ADMITTED))["gaps"]
    assert sentence.startswith("row 2 says applied and running, and decided again")


async def test_an_event_of_another_customer_is_as_unknown_as_none(world: World) -> None:
    identity = await admitted(world)
    query = {"instance_id": identity, "type": "provision.requested"}
    [row] = (await world.acme.get("/api/audit", params=query)).json()["items"]
    assert (await world.acme.get(f"/api/audit/{row['event_id']}")).status_code == 200
    for client, event_id in ((world.other, row["event_id"]), (world.admin, uuid4())):
        answer = await client.get(f"/api/audit/{event_id}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"The audit log has no event {event_id}"


async def test_without_nats_what_is_on_the_streams_is_unknown(world: World, relay: Relay) -> None:
    identity = await admitted(world)
    while await relay.move():
        pass
    await world.backend.nats.close()
    began = datetime.now(UTC)
    found = await explained(world, identity, EventType.PROVISION_ADMITTED)
    assert (datetime.now(UTC) - began).total_seconds() < 30
    assert progress(found)["database.allocate"] == "unknown"
    assert found["gaps"] == []


async def test_a_row_that_holds_another_event_is_not_explained(world: World) -> None:
    identity = await admitted(world)
    [row] = (await world.admin.get("/api/audit?type=provision.admitted")).json()["items"]
    forged = "convert_to(replace(convert_from(event, 'UTF8'), :known, :other), 'UTF8')"
    async with world.backend.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER append_only"))
        changed = text(f"UPDATE audit_log SET event = {forged} WHERE instance_id = :instance")  # noqa: S608 - ours
        await connection.execute(changed, {"known": row["event_id"], "other": str(uuid4()), "instance": identity})
    answer = await world.admin.get(f"/api/audit/{row['event_id']}")
    assert answer.status_code == 409
    assert "Row 2 holds another event" in answer.json()["detail"]
