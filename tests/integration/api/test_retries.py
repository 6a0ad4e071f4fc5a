"""Bulk retries over HTTP, gone through step by step: the plan, the first alone, the others, and every way to end."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from persistence.bulk_retries import event_id
from persistence.bulk_steps import step, unended
from schemas.codes import ErrorCode
from schemas.payloads import Failure, Receipt, Scheduled
from schemas.types import EventType
from tests.integration.api.world import DATABASE, FAILURE, World
from tests.support.waiting import until

WHERE = {"error_code": "insufficient_resources"}
ANOTHER = Failure(error_code=ErrorCode.IMAGE_PULL, error_message="no such image")


async def failed(world: World, number: int) -> list[str]:
    return [await world.failed(f"shop-{each}") for each in range(number)]


async def begin(world: World, expected: int, **more: Any) -> str:
    body = {"where": WHERE, "expected": expected, "reason": "nodes were added", "rate": "50/s", **more}
    answer = await world.acme.post("/api/retries", json=body)
    assert answer.status_code == 202, answer.text
    identity: str = answer.json()["id"]
    assert answer.headers["Location"] == f"/api/retries/{identity}"
    return identity


async def go(world: World, bulk_id: str) -> dict[str, Any]:
    await step(world.backend.writer, UUID(bulk_id))
    return await seen(world, bulk_id)


async def seen(world: World, bulk_id: str) -> dict[str, Any]:
    body: dict[str, Any] = (await world.acme.get(f"/api/retries/{bulk_id}")).json()
    return body


async def sent(world: World, bulk_id: str, waiting: int) -> dict[str, Any]:
    """Goes on until so many wait."""

    async def so_many() -> dict[str, Any] | None:
        now = await go(world, bulk_id)
        return now if now["waiting"] == waiting else None

    found: dict[str, Any] = await until(so_many, what=f"{waiting} to wait")
    return found


async def passes(world: World, identity: str) -> None:
    await world.say(identity, EventType.PROVISION_ADMITTED)
    await world.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
    await world.say(identity, EventType.DEPLOY_APPLIED)
    await world.say(identity, EventType.DEPLOY_SCHEDULED, Scheduled(node="node-1"))


async def fails(world: World, identity: str, failure: Failure = FAILURE) -> None:
    await world.say(identity, EventType.PROVISION_ADMITTED)
    await world.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
    await world.say(identity, EventType.DEPLOY_FAILED, failure)
    await world.say(identity, EventType.CLEANUP_COMPLETED, Receipt(objects=()))


async def states(world: World, ids: list[str]) -> list[str]:
    return [(await world.instance(identity)).state.value for identity in ids]


async def test_the_plan_counts_exactly_what_fits_and_does_nothing(world: World) -> None:
    ids = await failed(world, 2)
    await world.running("healthy")
    await world.cleaning_up("not-clean-yet")
    held = await world.failed("held")
    assert (await world.acme.post(f"/api/instances/{held}/hold")).status_code == 202
    answer = await world.acme.post("/api/retries", json={"where": WHERE, "rate": "30/m"}, params={"dry_run": "true"})
    plan = answer.json()
    assert (answer.status_code, plan["count"], [each["id"] for each in plan["sample"]]) == (200, 2, ids)
    assert plan["seconds"] == 2
    assert "One goes first" in plan["lines"][0]
    for where in ({"error_code": "timeout"}, {**WHERE, "profile": "large"}, {**WHERE, "db_type": "dedicated"}):
        other = await world.acme.post("/api/retries", json={"where": where}, params={"dry_run": "true"})
        assert other.json()["count"] == 0, where
    assert await states(world, ids) == ["error", "error"]


async def test_those_chosen_by_hand_are_retried_and_no_others(world: World) -> None:
    ids = await failed(world, 3)
    running = await world.running("healthy")
    where = {"ids": [ids[0], ids[2], running, str(uuid4())]}
    asked = {"where": where}
    plan = (await world.acme.post("/api/retries", json=asked, params={"dry_run": "true"})).json()
    assert [each["id"] for each in plan["sample"]] == [ids[0], ids[2]]
    assert plan["lines"][0].startswith("2 of those chosen cannot be retried now")
    foreign = (await world.other.post("/api/retries", json=asked, params={"dry_run": "true"})).json()
    assert (foreign["count"], foreign["lines"][0][:17]) == (0, "4 of those chosen")
    bulk_id = await begin(world, 2, where=where)
    assert (await go(world, bulk_id))["where"] == where
    await passes(world, ids[0])
    await sent(world, bulk_id, 0)
    assert await states(world, ids) == ["initializing", "error", "pending"]


@pytest.mark.parametrize("ids", [[], ["shop"], [str(uuid4()) for _ in range(501)]], ids=["none", "a name", "too many"])
async def test_what_cannot_be_chosen_is_said(world: World, ids: list[str]) -> None:
    answer = await world.acme.post("/api/retries", json={"where": {"ids": ids}}, params={"dry_run": "true"})
    assert answer.status_code == 422
    assert answer.json()["field"].startswith("where.ids")


async def test_one_goes_first_and_the_others_follow_once_it_has_passed(world: World) -> None:
    ids = await failed(world, 3)
    bulk_id = await begin(world, 3)
    first = await go(world, bulk_id)
    assert (first["state"], first["under_way"], first["waiting"]) == ("canary", 1, 2)
    assert await states(world, ids) == ["pending", "error", "error"]
    assert (await go(world, bulk_id))["waiting"] == 2
    await passes(world, ids[0])
    following = await sent(world, bulk_id, 0)
    assert (following["state"], following["verified"], following["under_way"]) == ("following", 1, 2)
    for identity in ids[1:]:
        await passes(world, identity)
    done = await go(world, bulk_id)
    assert (done["state"], done["verified"], done["ended_at"] is not None) == ("completed", 3, True)
    assert await unended(world.backend.engine) == []


async def test_each_retry_stands_in_the_audit_log_with_who_why_and_its_cause(world: World) -> None:
    [identity] = await failed(world, 1)
    bulk_id = await begin(world, 1)
    await go(world, bulk_id)
    page = await world.admin.get("/api/audit", params={"instance_id": identity, "type": "retry.requested"})
    [row] = page.json()["items"]
    assert (row["actor"], row["reason"]) == ("api:test-customer", "nodes were added")
    assert (row["causation_id"], row["event_id"]) == (bulk_id, str(event_id(UUID(bulk_id), UUID(identity))))
    assert (await world.acme.get(f"/api/jobs/{row['event_id']}")).json()["status"] == "queued"


async def test_a_change_is_that_of_every_request_and_stands_in_plan_wish_and_view(world: World) -> None:
    ids = await failed(world, 2)
    change = {"memory": "2Gi", "patience": "1h"}
    asked = {"where": WHERE, "change": change}
    plan = (await world.acme.post("/api/retries", json=asked, params={"dry_run": "true"})).json()
    assert "Each is retried with memory 2Gi, patience 3600." in plan["lines"]
    bulk_id = await begin(world, 2, change=change)
    assert (await go(world, bulk_id))["change"] == {"memory": "2Gi", "patience": 3600}
    await passes(world, ids[0])
    await sent(world, bulk_id, 0)
    for identity in ids:
        request = (await world.instance(identity)).request
        assert (request.memory, request.patience, request.cpu) == ("2Gi", 3600, "500m")


async def test_where_the_first_fails_the_others_are_left(world: World) -> None:
    ids = await failed(world, 3)
    bulk_id = await begin(world, 3)
    await go(world, bulk_id)
    await fails(world, ids[0])
    stopped = await go(world, bulk_id)
    assert (stopped["state"], stopped["failed"], stopped["waiting"]) == ("stopped", 1, 2)
    assert stopped["why"] == "the first retry failed, so the others were left as they were"
    assert stopped["setbacks"][0]["instance_id"] == ids[0]
    assert stopped["setbacks"][0]["error"] == FAILURE.error_message
    assert await states(world, ids) == ["error", "error", "error"]


async def test_it_stops_by_itself_when_the_same_error_comes_back(world: World) -> None:
    ids = await failed(world, 6)
    bulk_id = await begin(world, 6, rate="1/h")
    await go(world, bulk_id)
    await passes(world, ids[0])
    await _as_if_an_hour_had_passed(world, bulk_id, 1)
    await _as_if_an_hour_had_passed(world, bulk_id, 2)
    await fails(world, ids[1])
    assert (await go(world, bulk_id))["state"] == "following"  # one of two tells nothing yet
    await fails(world, ids[2])
    stopped = await go(world, bulk_id)
    assert (stopped["state"], stopped["same_error"], stopped["waiting"]) == ("stopped", 2, 3)
    assert stopped["why"] == "the same error came back for 2 of 3"
    assert await states(world, ids[3:]) == ["error"] * 3


async def _as_if_an_hour_had_passed(world: World, bulk_id: str, begun: int) -> None:
    """The rate allows the next one; exactly one goes."""
    async with world.backend.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE bulk_retry_items SET sent_at = sent_at - interval '1 hour'")
    now = await go(world, bulk_id)
    assert now["total"] - now["waiting"] == begun + 1
    assert (await go(world, bulk_id))["waiting"] == now["waiting"]


async def test_another_error_does_not_stop_it(world: World) -> None:
    ids = await failed(world, 4)
    bulk_id = await begin(world, 4)
    await go(world, bulk_id)
    await passes(world, ids[0])
    await sent(world, bulk_id, 0)
    for identity in ids[1:]:
        await fails(world, identity, ANOTHER)
    done = await go(world, bulk_id)
    assert (done["state"], done["verified"], done["failed"], done["same_error"]) == ("completed", 1, 3, 0)


async def test_paused_it_begins_nothing_and_resumed_it_goes_on(world: World) -> None:
    ids = await failed(world, 2)
    bulk_id = await begin(world, 2)
    await go(world, bulk_id)
    paused = (await world.acme.post(f"/api/retries/{bulk_id}/pause")).json()
    assert (paused["paused"], paused["waiting"]) == (True, 1)
    await passes(world, ids[0])
    await go(world, bulk_id)
    still = await go(world, bulk_id)
    assert (still["state"], still["verified"], still["waiting"]) == ("following", 1, 1)
    assert (await world.acme.post(f"/api/retries/{bulk_id}/resume")).json()["paused"] is False
    await sent(world, bulk_id, 0)
    assert await states(world, ids[1:]) == ["pending"]


async def test_aborted_it_leaves_the_rest_and_still_tells_what_came_of_what_was_begun(world: World) -> None:
    ids = await failed(world, 3)
    bulk_id = await begin(world, 3)
    await go(world, bulk_id)
    aborted = (await world.acme.delete(f"/api/retries/{bulk_id}")).json()
    assert (aborted["state"], aborted["why"], aborted["ended_at"]) == ("aborted", "aborted by api:test-customer", None)
    await passes(world, ids[0])
    ended = await go(world, bulk_id)
    assert (ended["state"], ended["verified"], ended["waiting"]) == ("aborted", 1, 2)
    assert ended["ended_at"] is not None
    assert await states(world, ids[1:]) == ["error", "error"]
    for refused in (
        await world.acme.delete(f"/api/retries/{bulk_id}"),
        await world.acme.post(f"/api/retries/{bulk_id}/resume"),
    ):
        assert refused.status_code == 400


async def test_what_has_changed_since_is_left_alone(world: World) -> None:
    ids = await failed(world, 4)
    bulk_id = await begin(world, 4)
    assert (await world.acme.post(f"/api/instances/{ids[0]}/retry")).status_code == 200
    await fails(world, ids[0])  # in error again, but of another attempt
    assert (await world.acme.delete(f"/api/instances/{ids[1]}")).status_code == 202
    assert (await world.acme.post(f"/api/instances/{ids[2]}/hold")).status_code == 202
    now = await sent(world, bulk_id, 0)
    assert (now["skipped"], now["under_way"]) == (3, 1)
    assert {each["outcome"] for each in now["setbacks"]} == {"skipped"}
    assert await states(world, ids) == ["error", "deleting", "error", "pending"]


async def test_what_is_cancelled_or_superseded_was_not_retried_with_success(world: World) -> None:
    ids = await failed(world, 3)
    bulk_id = await begin(world, 3)
    await go(world, bulk_id)
    await passes(world, ids[0])
    await sent(world, bulk_id, 0)
    assert (await world.acme.post(f"/api/instances/{ids[1]}/cancel")).status_code == 202
    assert (await world.acme.delete(f"/api/instances/{ids[2]}")).status_code == 202
    done = await go(world, bulk_id)
    assert (done["verified"], done["failed"], done["ended_at"] is not None) == (1, 2, True)
    assert [each["error"] for each in done["setbacks"]] == [
        "Cancelled by test-customer.",
        "something else was asked for meanwhile",
    ]


async def test_another_count_than_was_seen_begins_nothing(world: World) -> None:
    ids = await failed(world, 2)
    body = {"where": WHERE, "expected": 1, "reason": "why"}
    answer = await world.acme.post("/api/retries", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "The count is 2 now, not 1; look at the plan again",
    )
    assert (await world.acme.get("/api/retries")).json()["items"] == []
    assert await states(world, ids) == ["error", "error"]


async def test_the_limit_takes_those_that_failed_first(world: World) -> None:
    ids = await failed(world, 3)
    bulk_id = await begin(world, 1, limit=1)
    assert (await go(world, bulk_id))["total"] == 1
    assert await states(world, ids) == ["pending", "error", "error"]


async def test_the_same_key_begins_it_once(world: World) -> None:
    await failed(world, 1)
    body = {"where": WHERE, "expected": 1, "reason": "why"}
    answers = [await world.acme.post("/api/retries", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["id"] == answers[1].json()["id"]


async def test_a_customer_retries_and_sees_only_its_own(world: World) -> None:
    await failed(world, 1)
    plan = await world.other.post("/api/retries", json={"where": WHERE}, params={"dry_run": "true"})
    named = {"where": {"customer_id": "acme"}}
    by_name = await world.other.post("/api/retries", json=named, params={"dry_run": "true"})
    assert (plan.json()["count"], by_name.json()["count"]) == (0, 0)
    bulk_id = await begin(world, 1)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")):
        answer = await world.other.request(method, f"/api/retries/{bulk_id}{path}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Bulk retry not found")
    assert (await world.other.get("/api/retries")).json()["items"] == []
    for client in (world.acme, world.admin):
        assert [each["id"] for each in (await client.get("/api/retries")).json()["items"]] == [bulk_id]
    assert (await world.service.post("/api/retries", json={"where": WHERE})).status_code == 403
    assert (await world.acme.get(f"/api/retries/{uuid4()}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"where": {}}, "where"),
        ({"where": {"error": "timeout"}}, "where.error"),
        ({"where": {"error_code": "nonsense"}}, "where.error_code"),
        ({"where": WHERE, "expected": 1}, "reason"),
        ({"where": WHERE, "reason": "why"}, "expected"),
        ({"where": WHERE, "rate": "fast"}, "rate"),
        ({"where": WHERE, "rate": "0/s"}, "rate"),
        ({"where": WHERE, "rate": "51/s"}, "rate"),
        ({"where": WHERE, "stop_share": 0}, "stop_share"),
        ({"where": WHERE, "limit": 0}, "limit"),
        ({"where": WHERE, "change": {"memory": "lots"}}, "change.memory"),
        ({"where": WHERE, "change": {"image": "odoo:18.0"}}, "change.image"),
        ({}, "where"),
    ],
)
async def test_a_bad_bulk_retry_is_refused_by_name(world: World, body: dict[str, Any], field: str) -> None:
    await failed(world, 1)
    answer = await world.admin.post("/api/retries", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
