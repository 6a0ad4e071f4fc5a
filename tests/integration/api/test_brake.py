"""The brake over HTTP: admins see and release it, and instances say that they wait for it."""

from uuid import UUID

from sqlalchemy import text

from tests.integration.api.world import World


async def _engage(world: World) -> None:
    async with world.backend.engine.begin() as connection:
        await connection.execute(text("INSERT INTO brakes (engaged_at, why) VALUES (now(), '9 of 9 were lost')"))


async def test_it_is_off_at_first_and_cannot_be_released_then(world: World) -> None:
    shown = await world.admin.get("/api/brake")
    assert (shown.status_code, shown.json()) == (200, {"engaged": False, "since": None, "why": None})
    refused = await world.admin.post("/api/brake/release", json={"reason": "looked"})
    assert (refused.status_code, refused.json()["detail"]) == (400, "The brake is not on")


async def test_while_it_is_on_instances_say_so_and_the_metric_is_one(world: World) -> None:
    identity = await world.deploying()
    await _engage(world)
    shown = (await world.admin.get("/api/brake")).json()
    assert (shown["engaged"], shown["why"]) == (True, "9 of 9 were lost")
    instance = (await world.acme.get(f"/api/instances/{identity}")).json()
    assert "the brake is on" in instance["waiting"]["line"]
    [listed] = (await world.acme.get("/api/instances")).json()["items"]
    assert UUID(listed["id"]) == UUID(identity)
    assert "the brake is on" in listed["waiting"]["line"]


async def test_an_admin_releases_it_with_a_reason(world: World) -> None:
    await _engage(world)
    without = await world.admin.post("/api/brake/release", json={})
    empty = await world.admin.post("/api/brake/release", json={"reason": ""})
    assert [(answer.status_code, answer.json()["field"]) for answer in (without, empty)] == [(422, "reason")] * 2
    released = await world.admin.post("/api/brake/release", json={"reason": "the nodes are back"})
    assert (released.status_code, released.json()["engaged"]) == (200, False)
    assert (await world.admin.get("/api/brake")).json()["engaged"] is False


async def test_customers_neither_see_nor_release_it(world: World) -> None:
    await _engage(world)
    assert (await world.acme.get("/api/brake")).status_code == 403
    assert (await world.acme.post("/api/brake/release", json={"reason": "please"})).status_code == 403
    assert (await world.admin.get("/api/brake")).json()["engaged"] is True
