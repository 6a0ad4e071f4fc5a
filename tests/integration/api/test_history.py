"""An instance as it was: at a row, at a time, and between two rows; from the audit log alone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from schemas.types import EventType
from statemachine.fold import changes
from tests.integration.api.world import FAILURE, TIMED_OUT, World


async def history(world: World, identity: str, **query: Any) -> dict[str, Any]:
    answer = await world.acme.get(f"/api/instances/{identity}/history", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rows(world: World, identity: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.acme.get(f"/api/instances/{identity}/audit")).json()["items"]
    return found


async def test_at_each_row_it_is_what_the_row_says_and_at_the_last_what_it_is_now(world: World) -> None:
    identity = await world.failed()
    for row in await rows(world, identity):
        found = await history(world, identity, seq=row["sequence"])
        assert found["row"] == row
        assert (found["instance"]["state"], found["instance"]["step"]) == (row["state_after"], row["step"] or 1)
        assert found["gaps"] == []
    last = await history(world, identity)
    live = await world.instance(identity)
    assert last["row"]["sequence"] == last["last_sequence"] == row["sequence"]
    assert (last["status"], last["provisioning_status"]) == ("error", "failed")
    assert last["instance"]["error_message"] == live.error_message
    assert last["instance"]["database"]["database"] == "acme_shop"


async def test_what_was_pending_and_what_had_been_observed(world: World) -> None:
    identity = await world.deploying()
    await world.say(identity, EventType.DEPLOY_FAILED, FAILURE)
    found = await history(world, identity, seq=5)
    assert found["instance"]["cause"] == TIMED_OUT
    assert [each["type"] for each in found["pending"]] == ["deploy.timeout"]
    [deadline] = found["pending"]
    assert (deadline["kind"], deadline["set_by"]["type"]) == ("timer", "deploy.applied")
    assert datetime.fromisoformat(deadline["due_at"]) == datetime.fromisoformat(found["instance"]["deadline_at"])
    assert [each["type"] for each in found["observed"]] == [
        "database.allocated",
        "deploy.applied",
        "deploy.progressing",
    ]
    assert found["observed"][-1]["data"]["cause"] == TIMED_OUT
    assert (found["wish"]["sequence"], found["wish"]["type"]) == (1, "provision.requested")
    assert found["cause"]["type"] == "database.allocated"


async def test_a_time_means_the_last_row_until_then(world: World) -> None:
    identity = await world.failed()
    listed = await rows(world, identity)
    third = datetime.fromisoformat(listed[2]["recorded_at"])
    assert (await history(world, identity, at=third.isoformat()))["row"]["sequence"] == 3
    before = (third - timedelta(microseconds=1)).isoformat()
    assert (await history(world, identity, at=before))["row"]["sequence"] == 2


async def test_two_rows_are_compared_field_by_field(world: World) -> None:
    identity = await world.failed()
    found = await compared(world, identity, 2, 4)
    folded = [await history(world, identity, seq=sequence) for sequence in (2, 4)]
    before, after = (each["instance"] for each in folded)
    differing = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert {each["field"]: (each["before"], each["after"]) for each in found["changes"]} == differing
    assert differing["state"] == ("allocating_database", "deploying")
    began = await compared(world, identity, 0, 1)
    assert began["before"] is None
    assert {"field": "name", "before": None, "after": "shop"} in began["changes"]
    assert set(changes(None, await world.instance(identity))) >= {each["field"] for each in began["changes"]}


async def compared(world: World, identity: str, before: int, after: int) -> dict[str, Any]:
    query = {"from_seq": before, "to_seq": after}
    answer = await world.acme.get(f"/api/instances/{identity}/history/changes", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("path", "query", "field", "sentence"),
    [
        ("", {"seq": 99}, "seq", "there is no row 99; the instance has rows 1 to 7"),
        ("", {"at": "2001-01-01T00:00:00Z"}, "at", "is before the instance began; its first row is of 20"),
        ("", {"at": "yesterday"}, "at", "is no moment in time; write it like 2026-01-31T12:00:00Z"),
        ("", {"seq": 1, "at": "2026-01-31T12:00:00Z"}, "at", "cannot be given beside seq; give one of them"),
        ("/changes", {"from_seq": 1, "to_seq": 99}, "to_seq", "there is no row 99; the instance has rows 1 to 7"),
        ("/changes", {"from_seq": 3, "to_seq": 3}, "from_seq", "must be less than to_seq, which is 3"),
    ],
)
async def test_what_is_not_there_is_told_with_what_is(
    world: World, path: str, query: dict[str, Any], field: str, sentence: str
) -> None:
    identity = await world.failed()
    answer = await world.acme.get(f"/api/instances/{identity}/history{path}", params=query)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert sentence in answer.json()["detail"]


async def test_a_customer_sees_only_its_own(world: World) -> None:
    identity = await world.failed()
    for path in (f"{identity}/history", f"{identity}/history/changes?from_seq=1&to_seq=2", f"{uuid4()}/history"):
        answer = await world.other.get(f"/api/instances/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Instance not found"), path


async def test_it_is_read_from_the_log_though_the_live_row_is_gone(world: World) -> None:
    identity = await world.failed()
    before = await history(world, identity)
    async with world.backend.engine.begin() as connection:
        await connection.execute(text("DELETE FROM instances WHERE id = :id"), {"id": UUID(identity)})
    assert await history(world, identity) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DELETE FROM audit_log WHERE instance_id = :id AND sequence = 2", "Of the rows up to row 4, 1 is missing"),
        ("UPDATE audit_log SET event = 'x' WHERE instance_id = :id AND sequence = 2", "was changed by hand"),
    ],
)
async def test_what_was_changed_by_hand_is_not_folded(world: World, change: str, sentence: str) -> None:
    identity = await world.failed()
    async with world.backend.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(change), {"id": UUID(identity)})
    answer = await world.acme.get(f"/api/instances/{identity}/history", params={"seq": 4})
    assert answer.status_code == 409, answer.text
    assert sentence in answer.json()["detail"]
    assert "reprise replay verify" in answer.json()["detail"]
