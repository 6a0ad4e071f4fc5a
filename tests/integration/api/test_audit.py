"""The audit log over HTTP: narrowed by filters and by role, in pages, or exported as lines."""

from datetime import UTC, datetime, timedelta

import pytest

from persistence import searching
from tests.integration.api.world import World


async def test_filters_narrow_the_audit_log(world: World) -> None:
    identity = await world.failed()
    await world.acme.post(f"/api/instances/{identity}/retry")
    await world.acme.post(f"/api/instances/{identity}/retry")
    job = (await world.acme.get(f"/api/instances/{identity}")).json()["job_id"]
    for query, count in (
        ({"type": "retry.requested"}, 2),
        ({"type": "retry.requested", "outcome": "rejected"}, 1),
        ({"state_after": "error"}, 1),
        ({"state_before": "error", "state_after": "pending"}, 1),
        ({"actor": "api:test-customer", "type": "provision.requested"}, 1),
        ({"actor": "api:nobody"}, 0),
        ({"correlation_id": job, "type": "retry.requested"}, 1),
        ({"instance_id": identity, "type": "deploy.progressing"}, 1),
        ({"error_code": "insufficient_resources"}, 1),
        ({"error_code": "insufficient_resources", "type": "provision.requested"}, 0),
        ({"attempt": "2"}, 2),
        ({"outcome": "rejected"}, 1),
        ({"outcome": "applied", "customer_id": "acme", "type": "retry.requested"}, 1),
        ({"q": "INSUFFICIENT cpu"}, 2),
        ({"q": "50%"}, 0),
        ({"since": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, 0),
        ({"until": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}, 0),
    ):
        rows = (await world.admin.get("/api/audit", params=query)).json()["items"]
        assert len(rows) == count, query


async def test_customers_read_their_own_audit_log_alone(world: World) -> None:
    identity = await world.failed()
    another = (await world.other.post("/api/instances", json={"name": "shop"})).json()["id"]
    for client, seen in ((world.acme, identity), (world.other, another)):
        rows = (await client.get("/api/audit")).json()["items"]
        assert {row["instance_id"] for row in rows} == {seen}
    assert (await world.other.get("/api/audit", params={"customer_id": "acme"})).json()["items"] == []
    assert (await world.other.get("/api/audit", params={"instance_id": identity})).json()["items"] == []


async def test_pages_hold_every_row_once_in_either_order(world: World) -> None:
    await world.failed()
    everything = (await world.admin.get("/api/audit")).json()["items"]
    for order, expected in (("newest", everything), ("oldest", everything[::-1])):
        seen: list[dict[str, object]] = []
        cursor = None
        while True:
            query = {"limit": "3", "order": order} | ({"cursor": cursor} if cursor else {})
            page = (await world.admin.get("/api/audit", params=query)).json()
            seen += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == expected


async def test_a_search_looks_through_a_bounded_number_of_rows_a_page_and_misses_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.failed()
    rows = (await world.admin.get("/api/audit")).json()["items"]
    wanted = [row for row in rows if row["type"] == "deploy.applied"]
    monkeypatch.setattr(searching, "SEARCHED", 2)
    seen, sizes, cursor = [], [], ""
    while cursor is not None:
        page = (await world.admin.get(f"/api/audit?type=deploy.applied{cursor and f'&cursor={cursor}'}")).json()
        seen += page["items"]
        sizes.append(len(page["items"]))
        cursor = page["next_cursor"]
    assert seen == wanted
    assert sorted(sizes) == [0] * (len(rows) // 2) + [1]


async def test_a_job_tells_how_its_attempt_ended(world: World) -> None:
    identity = await world.failed()
    first = (await world.instance(identity)).job_id
    ended = (await world.acme.get(f"/api/jobs/{first}")).json()
    assert (ended["status"], ended["attempt"], ended["instance_id"]) == ("failed", 1, identity)
    assert ended["error_code"] == "insufficient_resources"
    retried = (await world.acme.post(f"/api/instances/{identity}/retry")).json()["job_id"]
    assert (await world.acme.get(f"/api/jobs/{retried}")).json()["status"] == "queued"
