"""The commands about instances, spoken to a real API process."""

import json

import pytest

from cluster.client import Cluster
from cluster.kinds import SECRET
from cluster.names import attempt_name
from cluster.secret import ADMIN
from schemas.types import EventType
from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Service
from tests.integration.cluster.doing import done
from tests.support.names import unique


async def test_create_answers_with_the_job_and_list_shows_the_instance(reprise: Reprise) -> None:
    name = unique()
    made = reprise("create", "--customer", "acme", "--name", name, "--cpu", "250m", "--output", "json")
    created = json.loads(made.out)
    assert (made.code, created["status"], created["provisioning_status"]) == (0, "creating", "pending")
    assert created["request"]["cpu"] == "250m"
    listed = reprise("list", "--search", name)
    assert created["id"] in listed.out
    assert "creating" in listed.out
    assert json.loads(reprise("list", "-q", name, "-o", "json").out)["items"][0]["id"] == created["id"]


async def test_bad_input_is_named_on_stderr_and_ends_with_1(reprise: Reprise) -> None:
    said = reprise("create", "--customer", "acme", "--name", unique(), "--cpu", "lots")
    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("cpu: ")
    assert "500m" in said.err


async def test_every_wrong_field_is_named(reprise: Reprise) -> None:
    said = reprise("create", "--customer", "acme", "--name", "Not_a_label", "--cpu", "lots")
    assert "name: " in said.err
    assert "cpu: " in said.err


async def test_a_dry_run_shows_the_plan_and_makes_nothing(reprise: Reprise) -> None:
    name = unique()
    said = reprise("create", "--customer", "acme", "--name", name, "--cpu", "64", "--dry-run")
    assert said.code == 0, said.err
    assert "Nothing has been done" in said.out
    assert "It does not fit now" in said.out
    assert "Deployment" in said.out
    assert json.loads(reprise("list", "-q", name, "-o", "json").out)["items"] == []


async def test_show_says_why_an_instance_waits(reprise: Reprise, world: World) -> None:
    name = unique()
    await world.deploying(name)
    said = reprise("show", name)
    assert said.code == 0
    assert "creating/provisioning (attempt 1)" in said.out
    assert "0/1 nodes are available: 1 Insufficient cpu" in said.out
    assert "waits for deploy.scheduled" in said.out
    assert "provision.requested" in said.out


async def test_the_admin_password_is_shown_for_a_reason_only(reprise: Reprise, world: World, service: Service) -> None:
    name = unique()
    identity = await world.running(name)
    said = reprise("show", name, "--reveal-admin-password")
    assert (said.code, said.out) == (2, "")
    assert "--reason" in said.err
    missing = reprise("show", name, "--reveal-admin-password", "--reason", "ticket 4711")
    assert (missing.code, missing.out) == (1, "")
    assert "No admin password is kept" in missing.err
    secret = {"metadata": {"name": attempt_name(await world.instance(identity))}, "stringData": {ADMIN: "made-once"}}
    async with Cluster(service.settings) as cluster:
        await done(lambda: cluster.apply(SECRET, secret))
    said = reprise("show", name, "--reveal-admin-password", "--reason", "ticket 4711")
    assert said.code == 0, said.err
    assert "made-once" in said.out
    shown = reprise("show", name, "--reveal-admin-password", "--reason", "again", "-o", "json")
    assert json.loads(shown.out) == {"instance_id": identity, "login": "admin", "password": "made-once"}
    trail = json.loads(reprise("audit", "list", "--instance", name, "-o", "json").out)["items"]
    revealed = [row["reason"] for row in trail if row["type"] == "admin_password.revealed"]
    assert sorted(revealed) == ["again", "ticket 4711"]


async def test_show_puts_error_cause_and_the_retry_side_by_side(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    said = reprise("show", identity)
    assert "insufficient_resources: Did not fit: 0/1 nodes are available: 1 Insufficient cpu." in said.out
    assert f"reprise retry {identity}" in said.out
    assert "Retry with less cpu or memory" in said.out
    document = json.loads(reprise("show", name, "--output", "json").out)
    assert (document["id"], document["can_retry"]) == (identity, True)


async def test_retry_queues_a_changed_attempt(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    said = reprise("retry", name, "--cpu", "100m", "--patience", "24h", "--reason", "smaller")
    assert said.code == 0, said.err
    assert said.out.startswith("Instance provisioning retry queued (job ")
    after = await world.instance(identity)
    assert (after.state, after.attempt, after.request.cpu, after.request.patience) == ("pending", 2, "100m", 86_400)
    assert "smaller" in reprise("audit", "list", "--instance", name).out


async def test_a_retry_of_what_is_not_in_error_is_refused_in_the_words_of_the_api(
    reprise: Reprise, world: World
) -> None:
    name = unique()
    await world.running(name)
    said = reprise("retry", name)
    assert (said.code, said.out) == (1, "")
    assert said.err == "Instance is not in ERROR status (current: running)\n"


async def test_a_dry_run_of_a_retry_changes_nothing(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    said = reprise("retry", name, "--dry-run", "--output", "json")
    plan = json.loads(said.out)
    assert (said.code, plan["dry_run"], plan["allowed"]) == (0, True, True)
    assert (await world.instance(identity)).attempt == 1


async def test_a_plan_that_is_not_allowed_ends_with_1(reprise: Reprise, world: World) -> None:
    name = unique()
    await world.running(name)
    said = reprise("retry", name, "--dry-run")
    assert said.code == 1
    assert "Refused: Instance is not in ERROR status" in said.out


@pytest.mark.parametrize(
    ("command", "state"),
    [("stop", "stopping"), ("hold", "running"), ("delete", "trashed")],
)
async def test_wishes_for_what_runs(reprise: Reprise, world: World, command: str, state: str) -> None:
    name = unique()
    identity = await world.running(name)
    said = reprise(command, name, "--reason", "because", "--output", "json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["instance_id"] == identity
    after = await world.instance(identity)
    assert (after.state, after.held) == (state, command == "hold")


async def test_a_stopped_instance_is_started_and_a_deleted_one_restored(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.running(name)
    assert reprise("delete", name).code == 0
    assert reprise("restore", name).code == 0
    await world.say(identity, EventType.STOP_COMPLETED)
    assert reprise("start", name).code == 0
    assert (await world.instance(identity)).state == "starting"


async def test_delete_now_is_for_good(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.running(name)
    assert reprise("delete", name, "--now").code == 0
    assert (await world.instance(identity)).state == "deleting"


async def test_a_hold_is_released_and_an_attempt_cancelled(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.deploying(name)
    assert reprise("hold", name).code == 0
    assert reprise("release", name).code == 0
    assert reprise("cancel", name, "--reason", "not needed").code == 0
    after = await world.instance(identity)
    assert (after.state, after.held) == ("cleaning_up", False)
    assert "not needed" in (after.error_message or "")


async def test_a_wish_is_published_with_its_data(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    change = json.dumps({"change": {"memory": "2Gi"}})
    said = reprise("publish", "retry.requested", name, "--data", change)
    assert said.code == 0, said.err
    after = await world.instance(identity)
    assert (after.state, after.request.memory) == ("pending", "2Gi")


async def test_a_fact_may_not_be_published_by_hand(reprise: Reprise, world: World) -> None:
    name = unique()
    await world.deploying(name)
    said = reprise("publish", "deploy.ready", name)
    assert said.code == 1
    assert "deploy.ready is a fact" in said.err


async def test_a_name_that_several_have_is_refused_with_the_candidates(reprise: Reprise) -> None:
    name = unique()
    ids = [
        json.loads(reprise("create", "--customer", customer, "--name", name, "-o", "json").out)["id"]
        for customer in ("acme", "umbrella")
    ]
    said = reprise("show", name)
    assert said.code == 1
    assert all(identity in said.err for identity in ids)
    assert "umbrella" in said.err


async def test_a_name_is_never_taken_for_a_longer_one(reprise: Reprise) -> None:
    name = unique()
    reprise("create", "--customer", "acme", "--name", f"{name}-2")
    said = reprise("show", name)
    assert (said.code, said.out) == (1, "")
    assert name in said.err


async def test_audit_rows_are_filtered(reprise: Reprise, world: World) -> None:
    name = unique()
    await world.failed(name)
    page = json.loads(reprise("audit", "list", "--instance", name, "--type", "deploy.failed", "-o", "json").out)
    assert [row["state_after"] for row in page["items"]] == ["cleaning_up"]
    assert reprise("audit", "list", "--instance", name, "--outcome", "rejected").out == "Nothing to show.\n"


async def test_list_goes_on_over_pages(reprise: Reprise) -> None:
    prefix = unique()
    for number in range(3):
        reprise("create", "--customer", "acme", "--name", f"{prefix}-{number}")
    shown = json.loads(reprise("list", "-q", prefix, "--limit", "2", "-o", "json").out)
    assert (len(shown["items"]), shown["next_cursor"] is None) == (2, False)
    assert "There are more than 2" in reprise("list", "-q", prefix, "--limit", "2").out


async def test_the_room_of_the_cluster_is_shown(reprise: Reprise) -> None:
    said = reprise("cluster", "show", "--cpu", "64", "--memory", "1Gi")
    assert said.code == 0, said.err
    assert "It does not fit now" in said.out
    [node] = json.loads(reprise("cluster", "show", "-o", "json").out)["nodes"]
    assert node["cpu"] == 4


async def test_show_tells_the_resources_in_the_cluster(reprise: Reprise, world: World) -> None:
    name = unique()
    await world.running(name)
    said = reprise("show", name, "--resources")
    assert said.code == 0, said.err
    assert "missing: it should be there" in said.out
    items = json.loads(reprise("show", name, "--resources", "-o", "json").out)["items"]
    assert {each["kind"] for each in items} == {"Deployment", "PersistentVolumeClaim", "Service", "Secret"}
