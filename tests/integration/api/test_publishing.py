"""Many events in one request: all checked first, all decided together, each told; and what would be decided."""

from typing import Any
from uuid import uuid4

import pytest

from schemas.types import EventType
from tests.integration.api.world import World


def stop(identity: str, **more: Any) -> dict[str, Any]:
    return {"instance_id": identity, "type": "stop.requested", **more}


async def test_each_event_is_decided_in_order_and_told(world: World) -> None:
    one, two = await world.running("one"), await world.failed("two")
    retry = {"instance_id": two, "type": "retry.requested", "data": {"change": {"cpu": "1"}}, "reason": "fits now"}
    body = {"events": [stop(one), stop(two), retry], "reason": "the node is taken down"}
    answer = await world.acme.post("/api/events", json=body)
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["items"]
    assert (first["outcome"], first["state_before"], first["state_after"]) == ("applied", "running", "stopping")
    assert (second["outcome"], second["job_id"]) == ("rejected", None)
    assert second["why"] == "stop.requested is not possible while the instance is error"
    assert (third["outcome"], third["state_after"], third["attempt"]) == ("applied", "pending", 2)
    assert (await world.acme.get(f"/api/jobs/{third['job_id']}")).json()["type"] == "retry.requested"
    rows = (await world.admin.get("/api/audit", params={"instance_id": two, "order": "newest"})).json()["items"]
    assert [row["reason"] for row in rows[:2]] == ["fits now", "the node is taken down"]


async def test_where_one_is_wrong_none_is_published_and_every_wrong_field_is_named(world: World) -> None:
    identity, theirs = await world.running(), str(uuid4())
    events = [
        stop(identity),
        {"instance_id": identity, "type": "deploy.ready"},
        {"instance_id": identity, "type": "retry.requested", "data": {"change": {"cpu": "lots"}}},
        stop(theirs),
        {"instance_id": identity, "type": "retry.requested", "data": {"change": {"profile": "unheard-of"}}},
    ]
    answer = await world.acme.post("/api/events", json={"events": events, "reason": "why"})
    assert answer.status_code == 422
    wrong = {each["field"]: each["detail"] for each in answer.json()["errors"]}
    assert list(wrong) == [
        "events.1.type",
        "events.2.data.change.cpu",
        "events.3.instance_id",
        "events.4.data.change.profile",
    ]
    assert "deploy.ready is a fact" in wrong["events.1.type"]
    assert (await world.instance(identity)).state == "running"


async def test_a_strangers_instance_is_none_that_there_is(world: World) -> None:
    identity = await world.running()
    answer = await world.other.post("/api/events", json={"events": [stop(identity)]})
    assert (answer.status_code, answer.json()["field"]) == (422, "events.0.instance_id")


async def test_a_reason_is_asked_for_where_more_than_one_instance_is_touched(world: World) -> None:
    one, two = await world.running("one"), await world.running("two")
    refused = await world.acme.post("/api/events", json={"events": [stop(one), stop(two, reason="why")]})
    assert (refused.status_code, refused.json()["field"]) == (422, "reason")
    assert (await world.acme.post("/api/events", json={"events": [stop(one)]})).status_code == 200


async def test_a_dry_run_foretells_a_whole_sequence_and_does_none_of_it(world: World) -> None:
    identity = await world.running()
    events = [stop(identity), {"instance_id": identity, "type": "start.requested"}]
    answer = await world.acme.post("/api/events", json={"events": events}, params={"dry_run": "true"})
    first, second = answer.json()["items"]
    assert (answer.json()["dry_run"], first["state_after"], first["job_id"]) == (True, "stopping", None)
    assert (second["outcome"], second["state_before"]) == ("rejected", "stopping")
    assert (await world.instance(identity)).state == "running"


@pytest.mark.parametrize(
    ("kind", "outcome", "after"), [("stop", "applied", "stopping"), ("retry", "rejected", "running")]
)
async def test_a_dry_run_of_one_event_says_what_would_be_decided(
    world: World, kind: str, outcome: str, after: str
) -> None:
    identity = await world.running()
    body = {"type": f"{kind}.requested"}
    answer = await world.acme.post(f"/api/instances/{identity}/events", json=body, params={"dry_run": "true"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, outcome)
    assert (answer.json()["state_before"], answer.json()["state_after"]) == ("running", after)
    assert (await world.instance(identity)).state == "running"


async def test_the_same_key_publishes_once(world: World) -> None:
    identity = await world.running()
    headers, body = {"Idempotency-Key": "k"}, {"events": [stop(identity)]}
    first = await world.acme.post("/api/events", json=body, headers=headers)
    await world.say(identity, EventType.STOP_COMPLETED)
    again = await world.acme.post("/api/events", json=body, headers=headers)
    [one], [two] = first.json()["items"], again.json()["items"]
    assert (one["outcome"], two["outcome"], one["job_id"]) == ("applied", "duplicate", two["job_id"])


async def test_now_is_for_admins_in_a_batch_too(world: World) -> None:
    identity = await world.running()
    event = {"instance_id": identity, "type": "delete.requested", "data": {"now": True}}
    assert (await world.acme.post("/api/events", json={"events": [event]})).status_code == 403


async def test_a_thousand_events_fit_and_one_more_does_not(world: World) -> None:
    identity = await world.running()
    hold = {"instance_id": identity, "type": "hold.requested", "reason": "x" * 500}
    answer = await world.acme.post("/api/events", json={"events": [hold] * 1_000})
    assert answer.status_code == 200, answer.text
    assert [item["outcome"] for item in answer.json()["items"][:2]] == ["applied", "rejected"]
    over = await world.acme.post("/api/events", json={"events": [stop(identity)] * 1_001})
    assert (over.status_code, over.json()["field"]) == (422, "events")
