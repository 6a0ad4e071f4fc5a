"""Instances over HTTP: made once however often they are asked for, listed by page, seen only by their owners."""

import asyncio
from uuid import uuid4

import pytest

from schemas.causes import REMEDIES
from schemas.codes import ErrorCode
from tests.integration.api.world import World


async def test_a_created_instance_is_creating_and_pending(world: World) -> None:
    created = await world.create(cpu="250m", memory="512Mi")
    assert (created["status"], created["provisioning_status"], created["state"]) == ("creating", "pending", "pending")
    assert created["customer_id"] == "acme"
    assert created["attempt"] == 1
    assert created["can_retry"] is False
    assert created["request"]["cpu"] == "250m"
    assert created["waiting"]["awaited"] == "provision.admitted"
    shown = await world.acme.get(f"/api/instances/{created['id']}")
    assert shown.json() == created


async def test_what_is_left_out_is_the_profile_s_and_stands_so_in_the_audit_log(world: World) -> None:
    created = await world.create(profile="large", memory="8Gi")
    wanted = {"cpu": "2", "memory": "8Gi", "volume": "50Gi"}
    assert wanted.items() <= created["request"].items()
    [row] = (await world.acme.get(f"/api/instances/{created['id']}/audit")).json()["items"]
    assert wanted.items() <= row["data"]["request"].items()
    plan = (await world.acme.post("/api/instances?dry_run=true", json={"name": "b", "profile": "large"})).json()
    assert (plan["request"]["cpu"], plan["request"]["memory"]) == ("2", "4Gi")


async def test_creating_says_where_the_instance_is(world: World) -> None:
    answer = await world.admin.post("/api/instances", json={"customer_id": "acme", "name": "shop"})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/instances/{answer.json()['id']}"
    assert (await world.admin.get(answer.headers["location"])).status_code == 200


async def test_a_name_is_taken_once_for_each_customer(world: World) -> None:
    await world.create("shop")
    answer = await world.acme.post("/api/instances", json={"name": "shop"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "An instance of this name exists already"
    assert (await world.other.post("/api/instances", json={"name": "shop"})).status_code == 202


async def test_an_admin_must_say_whose_instance_it_is(world: World) -> None:
    answer = await world.admin.post("/api/instances", json={"name": "shop"})
    assert (answer.status_code, answer.json()["field"]) == (422, "customer_id")


async def test_a_customer_creates_for_itself_alone(world: World) -> None:
    answer = await world.acme.post("/api/instances", json={"name": "shop", "customer_id": "other"})
    assert answer.status_code == 403
    assert "acme" in answer.json()["detail"]
    assert (await world.admin.get("/api/instances")).json()["items"] == []


async def test_the_same_key_makes_one_instance(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await world.acme.post("/api/instances", json={"name": "shop"}, headers=key)
    again = await world.acme.post("/api/instances", json={"name": "shop"}, headers=key)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert len((await world.acme.get("/api/instances")).json()["items"]) == 1


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    await world.acme.post("/api/instances", json={"name": "shop"}, headers=key)
    answer = await world.acme.post("/api/instances", json={"name": "shop", "cpu": "2"}, headers=key)
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
    assert "send a new key" in answer.json()["detail"]


async def test_the_same_key_of_another_caller_is_another_key(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await world.acme.post("/api/instances", json={"name": "shop"}, headers=key)
    second = await world.other.post("/api/instances", json={"name": "shop"}, headers=key)
    assert first.json()["id"] != second.json()["id"]


async def test_customers_see_their_own_instances_alone(world: World) -> None:
    mine = await world.create("shop")
    theirs = (await world.other.post("/api/instances", json={"name": "shop"})).json()
    for client, seen in ((world.acme, [mine]), (world.other, [theirs]), (world.admin, [theirs, mine])):
        listed = (await client.get("/api/instances")).json()["items"]
        assert [one["id"] for one in listed] == [one["id"] for one in seen]
    assert (await world.other.get("/api/instances", params={"customer_id": "acme"})).json()["items"] == []


@pytest.mark.parametrize("path", ["/api/instances/{}", "/api/instances/{}/audit"])
async def test_anothers_instance_is_not_found(world: World, path: str) -> None:
    mine = await world.create()
    strange = await world.other.get(path.format(mine["id"]))
    missing = await world.other.get(path.format(uuid4()))
    assert strange.status_code == missing.status_code == 404
    assert strange.json()["detail"] == missing.json()["detail"] == "Instance not found"


async def test_pages_hold_every_instance_once(world: World) -> None:
    made = [(await world.create(f"shop-{number}"))["id"] for number in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await world.acme.get("/api/instances", params=query)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_filters_narrow_the_list(world: World) -> None:
    failed = await world.failed("broken")
    await world.create("shop")
    by_status = (await world.acme.get("/api/instances", params={"status": "error"})).json()["items"]
    by_code = (await world.acme.get("/api/instances", params={"error_code": "insufficient_resources"})).json()["items"]
    by_text = (await world.acme.get("/api/instances", params={"q": "Insufficient"})).json()["items"]
    assert [one["id"] for one in by_status] == [one["id"] for one in by_code] == [failed]
    assert [one["id"] for one in by_text] == [failed]


async def test_a_failed_instance_says_why_and_offers_the_retry(world: World) -> None:
    shown = (await world.acme.get(f"/api/instances/{await world.failed()}")).json()
    assert (shown["status"], shown["provisioning_status"], shown["can_retry"]) == ("error", "failed", True)
    assert shown["error_code"] == "insufficient_resources"
    assert "1 Insufficient cpu" in shown["error_message"]
    assert shown["remedy"] == REMEDIES[ErrorCode.INSUFFICIENT_RESOURCES]
    assert shown["waiting"]["awaited"] == "retry.requested"
    assert shown["database"]["db_server_id"] == "shared-1"
    assert "password" not in shown["database"]


async def test_a_waiting_instance_says_what_for_why_and_until_when(world: World) -> None:
    waiting = (await world.acme.get(f"/api/instances/{await world.deploying()}")).json()["waiting"]
    assert waiting["awaited"] == "deploy.scheduled"
    assert waiting["cause"] == "0/1 nodes are available: 1 Insufficient cpu."
    assert waiting["deadline_at"] is not None
    assert "cleaned up and reported as failed" in waiting["next"]


async def test_the_audit_log_of_an_instance_tells_its_story_in_order(world: World) -> None:
    identity = await world.failed()
    rows = (await world.acme.get(f"/api/instances/{identity}/audit")).json()["items"]
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    assert (rows[0]["type"], rows[0]["actor"]) == ("provision.requested", "api:test-customer")
    assert (rows[-1]["type"], rows[-1]["state_after"]) == ("cleanup.completed", "error")


async def test_a_dry_run_plans_and_makes_nothing(world: World) -> None:
    answer = await world.acme.post("/api/instances", params={"dry_run": "true"}, json={"name": "shop", "cpu": "2"})
    plan = answer.json()
    assert answer.status_code == 200
    assert (plan["dry_run"], plan["allowed"], plan["capacity"]["fits"]) == (True, True, True)
    assert {line["action"] for line in plan["lines"] if line["kind"] == "Deployment"} == {"create"}
    assert (await world.acme.get("/api/instances")).json()["items"] == []


async def test_a_dry_run_does_not_use_up_a_key(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    planned = await world.acme.post("/api/instances", params={"dry_run": "true"}, json={"name": "shop"}, headers=key)
    assert planned.json()["allowed"] is True
    made = await world.acme.post("/api/instances", json={"name": "shop", "cpu": "2"}, headers=key)
    assert made.status_code == 202


async def test_a_dry_run_of_a_taken_name_says_so(world: World) -> None:
    await world.create("shop")
    plan = (await world.acme.post("/api/instances", params={"dry_run": "true"}, json={"name": "shop"})).json()
    assert plan["allowed"] is False
    assert plan["why_not"] == "An instance of this name exists already"


async def test_the_same_request_ten_times_at_once_makes_one_instance(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(
        *(world.acme.post("/api/instances", json={"name": "shop"}, headers=key) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    rows = (await world.admin.get("/api/audit")).json()["items"]
    assert [row["type"] for row in rows] == ["provision.requested"]


async def test_ten_requests_for_one_name_at_once_make_one_instance(world: World) -> None:
    answers = await asyncio.gather(*(world.acme.post("/api/instances", json={"name": "shop"}) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
