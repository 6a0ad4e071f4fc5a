"""Dry runs: the plan names what is reused, created, emptied and deleted, and nothing is done."""

from typing import Any

from api.ports import Thing
from schemas.codes import ErrorCode
from schemas.payloads import Failure, Receipt
from schemas.types import EventType
from tests.integration.api.conftest import FakeCluster
from tests.integration.api.world import World

CRASHED = Failure(error_code=ErrorCode.CRASH_LOOP, error_message="It crashes.")
Line = tuple[str, str, str]


async def _plan(world: World, identity: str) -> tuple[dict[str, Any], set[Line]]:
    answer = await world.admin.post(f"/api/instances/{identity}/retry", params={"dry_run": "true"})
    assert answer.status_code == 200
    plan: dict[str, Any] = answer.json()
    return plan, {(line["action"], line["kind"], line["name"]) for line in plan["lines"]}


async def test_what_an_attempt_left_is_deleted_and_the_database_server_reused(
    world: World, cluster: FakeCluster
) -> None:
    cluster.things = [Thing("PersistentVolumeClaim", "shop-1")]
    cluster.database_things = [Thing("StatefulSet", "db-shop")]
    _, lines = await _plan(world, await world.failed())
    assert ("delete", "PersistentVolumeClaim", "shop-1") in lines
    assert ("reuse", "StatefulSet", "db-shop") in lines
    assert ("create", "Deployment", "shop-2") in lines


async def test_a_half_initialised_database_is_emptied_by_the_clean_up_and_then_reused(world: World) -> None:
    identity = await world.initializing()
    await world.say(identity, EventType.DEPLOY_FAILED, CRASHED)
    _, during = await _plan(world, identity)
    assert ("empty", "Database", "acme_shop") in during
    assert ("create", "Deployment", "shop-2") in during
    await world.say(identity, EventType.CLEANUP_COMPLETED, Receipt(objects=()))
    plan, after = await _plan(world, identity)
    assert ("reuse", "Database", "acme_shop") in after
    [why] = [line["why"] for line in plan["lines"] if line["kind"] == "Database"]
    assert why == "the clean-up has emptied it"
    assert (await world.instance(identity)).state == "error"


async def test_a_database_that_was_never_allocated_is_created(world: World) -> None:
    identity = (await world.create(db_type="dedicated"))["id"]
    await world.say(identity, EventType.PROVISION_ADMITTED)
    await world.say(identity, EventType.DATABASE_FAILED, CRASHED)
    _, lines = await _plan(world, identity)
    assert {(action, kind) for action, kind, _ in lines} >= {("create", "DatabaseServer"), ("create", "Database")}


async def test_a_shared_server_is_reused_for_a_new_instance_and_a_dedicated_one_created(world: World) -> None:
    for kind, action in (("shared", "reuse"), ("dedicated", "create")):
        body = {"name": "shop", "db_type": kind}
        plan = (await world.acme.post("/api/instances", params={"dry_run": "true"}, json=body)).json()
        assert [line["action"] for line in plan["lines"] if line["kind"] == "DatabaseServer"] == [action]


async def test_a_changed_image_is_told_from_an_upgrade(world: World) -> None:
    failed, ran = await world.failed(), await world.running("other")
    change = {"image": "odoo:19.0"}
    plan = (await world.admin.post(f"/api/instances/{failed}/retry?dry_run=true", json=change)).json()
    assert plan["notes"] == [
        "odoo:19.0 initialises the database, since the instance never ran. Once it has run, "
        "changing an image is not an upgrade, which docs/profiles.md describes."
    ]
    refused = (await world.admin.post(f"/api/instances/{ran}/retry?dry_run=true", json=change)).json()
    told = "Instance is not in ERROR status (current: running); changing an image is not an upgrade"
    assert refused["why_not"].startswith(told)
    assert (await world.admin.post(f"/api/instances/{ran}/retry", json=change)).json()["detail"].startswith(told)
    plain = await world.admin.post(f"/api/instances/{ran}/retry")
    assert plain.json()["detail"] == "Instance is not in ERROR status (current: running)"


async def test_a_plan_says_whether_it_fits_now(world: World, cluster: FakeCluster) -> None:
    identity = await world.failed()
    cluster.answer = cluster.answer.model_copy(
        update={"fits": False, "short": "node-1 has 3 cores free of the 8 needed"}
    )
    plan, _ = await _plan(world, identity)
    assert (plan["capacity"]["fits"], plan["capacity"]["short"]) == (False, "node-1 has 3 cores free of the 8 needed")
    mine = await world.acme.post(f"/api/instances/{identity}/retry", params={"dry_run": "true"})
    assert mine.json()["capacity"]["nodes"] == []


async def test_a_plan_asks_for_room_for_what_would_be_made(world: World, cluster: FakeCluster) -> None:
    body = {"name": "shop", "db_type": "dedicated", "cpu": "3"}
    assert (await world.acme.post("/api/instances", params={"dry_run": "true"}, json=body)).status_code == 200
    assert cluster.asked is not None
    assert (cluster.asked.request.cpu, cluster.asked.request.db_type, cluster.asked.database) == (
        "3",
        "dedicated",
        None,
    )
    identity = await world.failed("other")
    await world.admin.post(f"/api/instances/{identity}/retry", params={"dry_run": "true"}, json={"cpu": "2"})
    assert (str(cluster.asked.id), cluster.asked.request.cpu, cluster.asked.attempt) == (identity, "2", 2)
    assert cluster.asked.database is not None


async def test_a_plan_says_how_long_the_attempt_would_wait_for_room(world: World) -> None:
    patient = {"name": "shop", "patience": "24h"}
    plan = (await world.acme.post("/api/instances", params={"dry_run": "true"}, json=patient)).json()
    assert plan["patience"] == 86_400
    identity = await world.failed("other")
    plan, _ = await _plan(world, identity)
    assert plan["patience"] == 180, "that of DEPLOY_TIMEOUT, unless the retry brings its own"
    retry = {"patience": "2h"}
    answer = await world.admin.post(f"/api/instances/{identity}/retry", params={"dry_run": "true"}, json=retry)
    assert answer.json()["patience"] == 7_200


async def test_a_plan_needs_the_cluster(world: World, cluster: FakeCluster) -> None:
    identity = await world.failed()
    cluster.down = True
    answer = await world.acme.post(f"/api/instances/{identity}/retry", params={"dry_run": "true"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert (await world.acme.post(f"/api/instances/{identity}/retry")).status_code == 200
