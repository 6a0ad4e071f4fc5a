"""Retry: one behaviour for the admin's route, the owner's route and the published event."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx
import pytest

from schemas.payloads import Receipt
from schemas.types import EventType
from tests.integration.api.world import FAILURE, World

Retry = Callable[[World, str], Awaitable[httpx.Response]]


def _admin(world: World, identity: str) -> Awaitable[httpx.Response]:
    return world.admin.post(f"/api/instance/admin/retry-instance/{identity}")


def _owner(world: World, identity: str) -> Awaitable[httpx.Response]:
    return world.acme.post(f"/api/instances/{identity}/retry")


def _event(world: World, identity: str) -> Awaitable[httpx.Response]:
    return world.acme.post(f"/api/instances/{identity}/events", json={"type": "retry.requested"})


every_way = pytest.mark.parametrize("retry", [_admin, _owner, _event])


@every_way
async def test_a_retry_is_queued_and_reads_pending_at_once(world: World, retry: Retry) -> None:
    identity = await world.failed()
    answer = await retry(world, identity)
    assert answer.is_success
    body = answer.json()
    assert body["instance_id"] == identity
    shown = (await world.acme.get(f"/api/instances/{identity}")).json()
    assert (shown["status"], shown["provisioning_status"], shown["attempt"]) == ("creating", "pending", 2)
    assert shown["job_id"] == body["job_id"]
    assert shown["error_message"] is None
    assert (await world.acme.get(f"/api/jobs/{body['job_id']}")).json()["status"] == "queued"


@pytest.mark.parametrize("retry", [_admin, _owner])
async def test_the_retry_routes_answer_200_with_the_message(world: World, retry: Retry) -> None:
    answer = await retry(world, await world.failed())
    assert answer.status_code == 200
    assert set(answer.json()) == {"message", "instance_id", "job_id"}
    assert answer.json()["message"] == "Instance provisioning retry queued"


@every_way
async def test_what_runs_is_not_retried(world: World, retry: Retry) -> None:
    answer = await retry(world, await world.running())
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Instance is not in ERROR status (current: running)"


@every_way
async def test_what_does_not_exist_is_not_retried(world: World, retry: Retry) -> None:
    answer = await retry(world, str(uuid4()))
    assert answer.status_code == 404
    assert answer.json()["detail"] == "Instance not found"


@pytest.mark.parametrize("path", ["/api/instances/{}/retry", "/api/instances/{}/events"])
async def test_anothers_instance_cannot_be_retried(world: World, path: str) -> None:
    identity = await world.failed()
    answer = await world.other.post(path.format(identity), json={"type": "retry.requested"} if "events" in path else {})
    assert answer.status_code == 404
    assert (await world.instance(identity)).attempt == 1


async def test_the_admins_route_is_closed_to_customers(world: World) -> None:
    answer = await world.acme.post(f"/api/instance/admin/retry-instance/{await world.failed()}")
    assert answer.status_code == 403


async def test_of_two_retries_at_once_one_wins(world: World) -> None:
    identity = await world.failed()
    answers = await asyncio.gather(*(_owner(world, identity) for _ in range(5)), _admin(world, identity))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert refused.json()["detail"] == "Instance is not in ERROR status (current: creating)"
    assert (await world.instance(identity)).attempt == 2


@every_way
async def test_a_retry_during_clean_up_waits_for_it(world: World, retry: Retry) -> None:
    identity = await world.cleaning_up()
    job = (await retry(world, identity)).json()["job_id"]
    shown = (await world.acme.get(f"/api/instances/{identity}")).json()
    assert (shown["status"], shown["provisioning_status"], shown["attempt"]) == ("creating", "pending", 1)
    assert "the retry that waits begins" in shown["waiting"]["line"]
    await world.say(identity, EventType.CLEANUP_COMPLETED, Receipt(objects=()))
    after = await world.instance(identity)
    assert (after.state, after.attempt, str(after.job_id)) == ("pending", 2, job)


async def test_a_retry_may_change_the_request(world: World) -> None:
    identity = await world.failed()
    body = {"cpu": "250m", "memory": "512Mi", "image": "odoo:17.0", "patience": "24h", "reason": "smaller"}
    assert (await world.acme.post(f"/api/instances/{identity}/retry", json=body)).status_code == 200
    shown = (await world.acme.get(f"/api/instances/{identity}")).json()
    asked = {name: shown["request"][name] for name in ("cpu", "memory", "image", "patience")}
    assert asked == {"cpu": "250m", "memory": "512Mi", "image": "odoo:17.0", "patience": 86_400}
    rows = (await world.acme.get(f"/api/instances/{identity}/audit")).json()["items"]
    assert rows[-1]["reason"] == "smaller"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cpu": "lots"}, "cpu"),
        ({"memory": "0"}, "memory"),
        ({"volume": "20Gi"}, "volume"),
        ({"profile": "unknown"}, "profile"),
        ({"image": "not an image"}, "image"),
        ({"reason": "a\u0000b"}, "reason"),
    ],
)
async def test_a_bad_change_is_refused_by_name(world: World, change: dict[str, str], field: str) -> None:
    identity = await world.failed()
    answer = await world.acme.post(f"/api/instances/{identity}/retry", json=change)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await world.instance(identity)).attempt == 1


async def test_a_bad_change_in_an_event_is_refused_by_name(world: World) -> None:
    identity = await world.failed()
    for change, field, remedy in (
        ({"cpu": "lots"}, "data.change.cpu", "500m"),
        ({"profile": "unknown"}, "data.change.profile", "default"),
        ({"colour": "red"}, "data.change.colour", "spelling"),
        ({"image": 7}, "data.change.image", "in quotes"),
    ):
        body = {"type": "retry.requested", "data": {"change": change}}
        answer = await world.acme.post(f"/api/instances/{identity}/events", json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert remedy in answer.json()["detail"]


async def test_a_retry_with_a_known_key_is_the_same_retry(world: World) -> None:
    identity = await world.failed()
    key = {"Idempotency-Key": "once"}
    first = await world.acme.post(f"/api/instances/{identity}/retry", headers=key)
    again = await world.acme.post(f"/api/instances/{identity}/retry", headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (await world.instance(identity)).attempt == 2


async def test_a_refused_retry_with_a_known_key_stays_refused(world: World) -> None:
    identity = await world.deploying()
    key = {"Idempotency-Key": "once"}
    first = await world.acme.post(f"/api/instances/{identity}/retry", headers=key)
    await world.say(identity, EventType.DEPLOY_FAILED, FAILURE)
    again = await world.acme.post(f"/api/instances/{identity}/retry", headers=key)
    for answer in (first, again):
        assert answer.status_code == 400
        assert answer.json()["detail"] == "Instance is not in ERROR status (current: creating)"
    assert (await world.instance(identity)).state == "cleaning_up"


async def test_a_dry_run_tells_what_is_reused_created_and_deleted(world: World) -> None:
    identity = await world.failed()
    for client, path in (
        (world.acme, f"/api/instances/{identity}/retry"),
        (world.admin, f"/api/instance/admin/retry-instance/{identity}"),
    ):
        answer = await client.post(path, params={"dry_run": "true"}, json={"cpu": "250m"})
        plan = answer.json()
        lines = {(line["action"], line["kind"], line["name"]) for line in plan["lines"]}
        assert answer.status_code == 200
        assert plan["allowed"] is True
        assert plan["request"]["cpu"] == "250m"
        assert ("reuse", "DatabaseServer", "shared-1") in lines
        assert ("reuse", "Database", "acme_shop") in lines
        assert ("reuse", "Role", "acme_shop") in lines
        assert ("create", "Deployment", "shop-2") in lines
    after = await world.instance(identity)
    assert (after.state, after.attempt) == ("error", 1)


async def test_a_dry_run_of_what_cannot_be_retried_says_why(world: World) -> None:
    identity = await world.running()
    plan = (await world.acme.post(f"/api/instances/{identity}/retry", params={"dry_run": "true"})).json()
    assert plan["allowed"] is False
    assert plan["why_not"] == "Instance is not in ERROR status (current: running)"


async def test_a_misspelt_dry_run_does_not_retry(world: World) -> None:
    identity = await world.failed()
    answer = await world.acme.post(f"/api/instances/{identity}/retry", params={"dryrun": "true"})
    assert (answer.status_code, answer.json()["field"]) == (422, "dryrun")
    assert (await world.instance(identity)).attempt == 1


async def test_the_audit_log_names_who_retried_by_what_means(world: World) -> None:
    identity = await world.failed()
    await world.acme.post(f"/api/instances/{identity}/retry", headers={"User-Agent": "reprise-cli/0.1.0"})
    rows = (await world.acme.get("/api/audit", params={"type": "retry.requested"})).json()["items"]
    assert [row["actor"] for row in rows] == ["cli:test-customer"]
