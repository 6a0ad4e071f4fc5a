"""Every other wish: decided at once, refused with the reason, closed to strangers."""

from typing import Any
from uuid import uuid4

import pytest

from schemas.types import COMMANDS, FACTS, TIMERS, EventType
from tests.integration.api.world import World


@pytest.mark.parametrize(
    ("wish", "begin", "status"),
    [
        ("stop", "running", "stopping"),
        ("cancel", "deploying", "error"),
        ("cancel", "failed", None),
        ("start", "running", None),
        ("restore", "running", None),
        ("hold", "deploying", "creating"),
        ("release", "deploying", None),
    ],
)
async def test_a_wish_is_accepted_or_refused_with_the_reason(
    world: World, wish: str, begin: str, status: str | None
) -> None:
    identity = await getattr(world, begin)()
    answer = await world.acme.post(f"/api/instances/{identity}/{wish}", json={"reason": "as asked"})
    if status is None:
        assert answer.status_code == 400
        assert answer.json()["detail"]
    else:
        assert answer.status_code == 202
        assert (answer.json()["instance_id"], answer.json()["status"]) == (identity, status)


async def test_an_instance_goes_through_stop_start_trash_and_back(world: World) -> None:
    identity = await world.running()
    path = f"/api/instances/{identity}"
    assert (await world.acme.post(f"{path}/stop")).status_code == 202
    await world.say(identity, EventType.STOP_COMPLETED)
    assert (await world.acme.post(f"{path}/start")).json()["status"] == "starting"
    await world.say(identity, EventType.DEPLOY_APPLIED)
    await world.say(identity, EventType.DEPLOY_READY)
    assert (await world.acme.delete(path)).json()["status"] == "trashed"
    assert (await world.acme.post(f"{path}/restore")).json()["status"] == "stopping"


async def test_what_is_held_shows_it_and_is_released(world: World) -> None:
    identity = await world.deploying()
    await world.acme.post(f"/api/instances/{identity}/hold")
    held = (await world.acme.get(f"/api/instances/{identity}")).json()
    assert (held["held"], held["deadline_at"]) == (True, None)
    assert "it is held" in held["waiting"]["line"]
    assert (await world.acme.post(f"/api/instances/{identity}/release")).status_code == 202
    assert (await world.acme.get(f"/api/instances/{identity}")).json()["held"] is False


async def test_deleting_now_is_for_admins(world: World) -> None:
    identity = await world.running()
    refused = await world.acme.delete(f"/api/instances/{identity}", params={"now": "true"})
    assert refused.status_code == 403
    by_hand = {"type": "delete.requested", "data": {"now": True}}
    assert (await world.acme.post(f"/api/instances/{identity}/events", json=by_hand)).status_code == 403
    accepted = await world.admin.delete(f"/api/instances/{identity}", params={"now": "true", "reason": "asked to"})
    assert (accepted.status_code, accepted.json()["status"]) == (202, "deleting")


@pytest.mark.parametrize("wish", ["retry", "stop", "start", "hold", "release", "cancel", "restore"])
async def test_a_strangers_wish_finds_nothing(world: World, wish: str) -> None:
    identity = await world.running()
    for client, target in ((world.other, identity), (world.acme, str(uuid4()))):
        answer = await client.post(f"/api/instances/{target}/{wish}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Instance not found")
    assert (await world.service.post(f"/api/instances/{identity}/{wish}")).status_code == 403
    assert (await world.instance(identity)).state == "running"


@pytest.mark.parametrize("kind", ["stop", "hold"])
async def test_a_published_wish_does_what_its_route_does(world: World, kind: str) -> None:
    by_route, by_event = await world.running("one"), await world.running("two")
    first = await world.acme.post(f"/api/instances/{by_route}/{kind}")
    body = {"type": f"{kind}.requested", "reason": "by hand"}
    second = await world.acme.post(f"/api/instances/{by_event}/events", json=body)
    assert first.status_code == second.status_code == 202
    same = {"status", "provisioning_status", "message"}
    assert {name: first.json()[name] for name in same} == {name: second.json()[name] for name in same}


async def test_facts_timers_and_commands_cannot_be_published(world: World) -> None:
    identity = await world.deploying()
    for kind in sorted(FACTS | TIMERS | COMMANDS):
        answer = await world.admin.post(f"/api/instances/{identity}/events", json={"type": kind})
        assert (answer.status_code, answer.json()["field"]) == (403, "type"), kind
        assert str(kind) in answer.json()["detail"]
        assert "retry.requested" in answer.json()["detail"]
    assert (await world.instance(identity)).state == "deploying"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "instance.explode"}, "type"),
        ({"type": "provision.requested", "data": {"customer_id": "acme", "name": "x"}}, "type"),
        ({"type": "adopt.requested"}, "type"),
        ({"type": "stop.requested", "data": {"force": True}}, "data.force"),
        ({"type": "delete.requested", "data": {"now": "perhaps"}}, "data.now"),
        ({"type": "stop.requested", "data": []}, "data"),
        ({"type": "stop.requested", "attempt": 3}, "attempt"),
        ({"type": 7}, "type"),
        ({}, "type"),
        ({"type": "stop.requested", "reason": "x" * 501}, "reason"),
        ({"type": "\u0000"}, "type"),
    ],
)
async def test_a_bad_event_is_refused_by_name(world: World, body: dict[str, Any], field: str) -> None:
    identity = await world.running()
    answer = await world.acme.post(f"/api/instances/{identity}/events", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (await world.instance(identity)).state == "running"


async def test_an_event_for_an_instance_that_does_not_exist_finds_nothing(world: World) -> None:
    answer = await world.acme.post(f"/api/instances/{uuid4()}/events", json={"type": "stop.requested"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Instance not found")


async def test_the_trace_of_the_caller_goes_with_the_commands(world: World) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    identity = await world.running()
    await world.acme.post(f"/api/instances/{identity}/stop", headers={"traceparent": parent})
    async with world.backend.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT convert_from(body, 'UTF8') FROM outbox WHERE subject LIKE '%.deploy.stop'"
        )
        [sent] = rows.scalars().all()
    assert parent in sent
