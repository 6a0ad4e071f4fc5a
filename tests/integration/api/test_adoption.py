"""Adopting over HTTP: what was found decides the state, a dry run does nothing, and no event holds the password."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from cluster.adoption import Survey
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET
from cluster.names import INSTALLATION, INSTANCE
from cluster.observe import Observation, Phase
from schemas.adoption import Inspection
from schemas.codes import ErrorCode
from tests.integration.api.conftest import FakeExisting, FakeServers
from tests.integration.api.world import World

PATH = "/api/instances/adopt"
DATABASE = {"host": "pg-1", "database": "shop", "username": "shop", "password": "s3cret-pw"}
BODY = {"customer_id": "acme", "name": "shop", "objects": {"deployment": "odoo-shop"}, "database": DATABASE}
READY = Observation(Phase.READY, node="node-1")
STUCK = Observation(Phase.UNSCHEDULED, ErrorCode.INSUFFICIENT_RESOURCES, "0/1 nodes are available: 1 Insufficient cpu.")
NOTHING_IN_IT = Inspection(db_server_id="pg-1", host="pg-1", port=5432, exists=True, initialised=False)
ABSENT = NOTHING_IN_IT.model_copy(update={"exists": False})


def _found(seen: Observation, *, replicas: int = 1, bound: bool = True, **labels: str) -> Survey:
    containers = [{"resources": {"requests": {"cpu": "2", "memory": "3Gi"}}}]
    deployment = {
        "metadata": {"name": "odoo-shop", "labels": labels},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
    }
    claim = {"metadata": {"name": "shop-files"}, "spec": {"volumeName": "pv-1"} if bound else {}}
    return Survey(deployment, seen, [(DEPLOYMENT, deployment), (CLAIM, claim)])


async def _adopt(world: World, body: dict[str, Any] = BODY, *, dry_run: bool = False) -> dict[str, Any]:
    answer = await world.admin.post(PATH, json=body, params={"dry_run": str(dry_run).lower()})
    assert answer.status_code in (200, 202), answer.text
    assert "s3cret-pw" not in answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_one_that_runs_is_taken_as_it_is(world: World, existing: FakeExisting, servers: FakeServers) -> None:
    existing.found = _found(READY)
    adopted = await _adopt(world)
    assert (adopted["state"], adopted["has_run"], adopted["attempt"]) == ("running", True, 1)
    assert (adopted["request"]["cpu"], adopted["request"]["memory"]) == ("2", "3Gi")
    assert adopted["database"]["database"] == "shop"
    [(taken_for, access)] = servers.adopted
    assert (str(taken_for), access.password) == (adopted["id"], "s3cret-pw")
    assert [str(instance.id) for instance in existing.taken] == [adopted["id"]]
    row = await world.instance(adopted["id"])
    assert row.adopted is not None
    assert (row.adopted.deployment, row.adopted.claims) == ("odoo-shop", ("shop-files",))


@pytest.mark.parametrize(
    ("seen", "replicas", "bound", "inspection", "state", "has_run"),
    [
        (READY, 1, True, NOTHING_IN_IT, "running", True),
        (STUCK, 0, True, None, "stopped", True),
        (STUCK, 0, True, NOTHING_IN_IT, "cleaning_up", False),
        (STUCK, 1, True, None, "degraded", True),
        (STUCK, 1, True, NOTHING_IN_IT, "cleaning_up", False),
        (STUCK, 1, True, ABSENT, "cleaning_up", False),
    ],
)
async def test_the_state_is_what_was_found_and_error_needs_proof(
    world: World,
    existing: FakeExisting,
    servers: FakeServers,
    seen: Observation,
    replicas: int,
    bound: bool,
    inspection: Inspection | None,
    state: str,
    has_run: bool,
) -> None:
    existing.found = _found(seen, replicas=replicas, bound=bound)
    servers.inspection = inspection or servers.inspection
    adopted = await _adopt(world)
    assert (adopted["state"], adopted["has_run"]) == (state, has_run)
    if state == "cleaning_up":
        assert (adopted["status"], adopted["provisioning_status"]) == ("error", "failed")
        assert adopted["error_code"] == "insufficient_resources"
        assert "1 Insufficient cpu" in adopted["error_message"]


@pytest.mark.parametrize(("bound", "state"), [(True, "degraded"), (False, "cleaning_up")])
async def test_without_a_database_only_a_volume_that_was_never_bound_is_proof(
    world: World, existing: FakeExisting, bound: bool, state: str
) -> None:
    existing.found = _found(STUCK, bound=bound)
    adopted = await _adopt(world, {key: value for key, value in BODY.items() if key != "database"})
    assert adopted["state"] == state


async def test_a_stuck_record_of_which_nothing_is_left_is_in_error_and_can_be_retried(
    world: World, existing: FakeExisting
) -> None:
    identity = str(uuid4())
    adopted = await _adopt(world, {"id": identity, "customer_id": "acme", "name": "shop"})
    assert (adopted["id"], adopted["state"], adopted["status"]) == (identity, "error", "error")
    assert adopted["can_retry"]
    retried = await world.admin.post(f"/api/instance/admin/retry-instance/{identity}")
    assert retried.json()["message"] == "Instance provisioning retry queued"


async def test_a_dry_run_shows_what_would_be_done_and_does_nothing(
    world: World, existing: FakeExisting, servers: FakeServers
) -> None:
    existing.found = _found(READY)
    existing.found.shared = [(SECRET, "common", "Deployment another")]
    existing.found.missing = [(CLAIM, "lost")]
    plan = await _adopt(world, dry_run=True)
    assert (plan["allowed"], plan["state"]) == (True, "running")
    lines = {(line["action"], line["kind"], line["name"]) for line in plan["lines"]}
    assert lines == {
        ("label", "Deployment", "odoo-shop"),
        ("label", "PersistentVolumeClaim", "shop-files"),
        ("leave", "Secret", "common"),
        ("missing", "PersistentVolumeClaim", "lost"),
        ("missing", "Service", "none found"),
        ("reuse", "Database", "shop on pg-1"),
    }
    assert (existing.taken, servers.adopted) == ([], [])
    assert (await world.admin.get("/api/instances")).json()["items"] == []


async def test_a_dry_run_says_what_would_be_removed(world: World, existing: FakeExisting, servers: FakeServers) -> None:
    existing.found, servers.inspection = _found(STUCK), ABSENT
    plan = await _adopt(world, dry_run=True)
    assert plan["state"] == "cleaning_up"
    actions = {(line["action"], line["kind"]) for line in plan["lines"]}
    assert {("delete", "Deployment"), ("delete", "PersistentVolumeClaim"), ("missing", "Database")} <= actions


async def test_no_event_and_no_row_holds_the_password(world: World, existing: FakeExisting) -> None:
    existing.found = _found(READY)
    await _adopt(world)
    async with world.backend.engine.connect() as connection:
        for everything in (
            "SELECT i::text FROM instances i",
            "SELECT convert_from(event, 'UTF8') FROM audit_log",
            "SELECT convert_from(body, 'UTF8') FROM outbox",
        ):
            texts = list((await connection.exec_driver_sql(everything)).scalars())
            assert texts
            assert "s3cret-pw" not in "".join(texts)


async def test_the_password_is_read_from_a_secret(world: World, existing: FakeExisting, servers: FakeServers) -> None:
    existing.found, existing.secrets = _found(READY), {("shop-db", "password"): "fr0m-secret"}
    named = {**DATABASE, "password_secret": {"name": "shop-db", "key": "password"}}
    del named["password"]
    await _adopt(world, {**BODY, "database": named})
    assert servers.adopted[0][1].password == "fr0m-secret"
    elsewhere = {**named, "password_secret": {"name": "shop-db", "key": "nothing"}}
    refused = await world.admin.post(PATH, json={**BODY, "name": "other", "database": elsewhere})
    assert (refused.status_code, refused.json()["field"]) == (422, "database.password_secret")


async def test_what_is_another_instances_is_refused(world: World, existing: FakeExisting) -> None:
    existing.found = _found(READY)
    first = await _adopt(world)
    existing.found = _found(READY, **{INSTALLATION: "reprise", INSTANCE: first["id"]})
    refused = await world.admin.post(PATH, json={**BODY, "name": "other"})
    assert (refused.status_code, first["id"] in refused.json()["detail"]) == (409, True)
    existing.found = _found(READY, **{INSTALLATION: "elsewhere", INSTANCE: str(uuid4())})
    assert "installation elsewhere" in (await world.admin.post(PATH, json={**BODY, "name": "other"})).json()["detail"]


async def test_an_adoption_that_did_not_end_is_completed_under_its_id(world: World, existing: FakeExisting) -> None:
    begun = uuid4()
    existing.found = _found(READY, **{INSTALLATION: "reprise", INSTANCE: str(begun)})
    assert UUID((await _adopt(world))["id"]) == begun


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"name": "No Good"}, 422, "name"),
        ({"database": {**DATABASE, "password": ""}}, 422, "database.password"),
        ({"database": {"host": "pg-1", "database": "shop", "username": "shop"}}, 422, "database"),
        ({"database": {**DATABASE, "password_secret": {"name": "a", "key": "b"}}}, 422, "database"),
        ({"objects": {"deployment": "No_Good"}}, 422, "objects.deployment"),
        ({"request": {"db_type": "dedicated"}}, 422, "request.db_type"),
        ({"request": {"profile": "nowhere"}}, 422, "request.profile"),
        ({"found": "error"}, 422, "found"),
    ],
)
async def test_bad_input_is_named(
    world: World, existing: FakeExisting, change: dict[str, Any], status: int, field: str
) -> None:
    existing.found = _found(READY)
    answer = await world.admin.post(PATH, json={**BODY, **change})
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert "s3cret-pw" not in answer.text
    assert existing.taken == []


async def test_a_name_that_is_taken_and_an_id_that_is_used_are_collisions(world: World, existing: FakeExisting) -> None:
    existing.found = _found(READY)
    first = await _adopt(world)
    again = await world.admin.post(PATH, json=BODY)
    assert (again.status_code, again.json()["detail"]) == (409, "An instance of this name exists already")
    used = await world.admin.post(PATH, json={**BODY, "name": "other", "id": first["id"]})
    assert (used.status_code, used.json()["detail"]) == (409, f"Instance {first['id']} exists already: shop")
    assert len(existing.taken) == 1


async def test_it_is_for_admins_alone(world: World, existing: FakeExisting) -> None:
    existing.found = _found(READY)
    for client in (world.acme, world.service):
        assert (await client.post(PATH, json=BODY)).status_code == 403
    assert existing.taken == []
