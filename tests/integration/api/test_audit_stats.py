"""GET /api/audit/stats: for whom, from when, and what is refused."""

from datetime import UTC, datetime, timedelta

from tests.integration.api.world import World


async def test_admins_add_up_all_and_customers_their_own(world: World) -> None:
    await world.failed()
    for client, query, failures in (
        (world.admin, {}, 1),
        (world.admin, {"customer_id": "acme"}, 1),
        (world.admin, {"customer_id": "other"}, 0),
        (world.acme, {}, 1),
        (world.acme, {"customer_id": "acme"}, 1),
        (world.other, {}, 0),
    ):
        found = (await client.get("/api/audit/stats", params=query)).json()
        assert sum(each["failures"] for each in found["failures"]) == failures, query
        assert bool(found["times"]) == bool(failures), query
        assert found["not_yet"] == failures, query
    foreign = await world.other.get("/api/audit/stats", params={"customer_id": "acme"})
    assert (foreign.status_code, foreign.json()["detail"]) == (404, "Customer not found")
    assert (await world.nobody.get("/api/audit/stats")).status_code == 401


async def test_the_period_is_said_and_can_be_chosen(world: World) -> None:
    await world.failed()
    found = (await world.admin.get("/api/audit/stats")).json()
    since, until = (datetime.fromisoformat(found[name]) for name in ("since", "until"))
    assert until - since == timedelta(weeks=12)
    assert abs(datetime.now(UTC) - until) < timedelta(minutes=1)
    later = (await world.admin.get("/api/audit/stats", params={"since": "2100-01-01T00:00:00Z"})).json()
    assert (later["failures"], later["times"], later["retries"], later["not_yet"]) == ([], [], [], 0)
    wrong = await world.admin.get("/api/audit/stats", params={"since": "last week"})
    assert wrong.status_code == 422
    assert "since" in wrong.text
