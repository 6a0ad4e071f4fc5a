"""Revealing an admin password: for admins and a reason, recorded before it is shown, and kept nowhere."""

import pytest
from sqlalchemy import text

from schemas.errors import DependencyDown
from schemas.types import EventType
from tests.integration.api.conftest import FakeCluster
from tests.integration.api.world import World

PASSWORD = "made-once-and-random"
REASON = {"reason": "ticket 4711: locked out"}


@pytest.fixture(autouse=True)
def kept(cluster: FakeCluster) -> None:
    cluster.password = PASSWORD


def route(identity: str) -> str:
    return f"/api/instances/{identity}/reveal-admin-password"


async def rows(world: World, identity: str) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await world.admin.get(f"/api/instances/{identity}/audit")).json()["items"]
    return items


async def test_it_is_shown_and_who_asked_and_why_is_recorded(world: World) -> None:
    identity = await world.running()
    before = await world.instance(identity)
    answer = await world.admin.post(route(identity), json=REASON)
    assert answer.status_code == 200
    assert answer.json() == {"instance_id": identity, "login": "admin", "password": PASSWORD}
    assert answer.headers["cache-control"] == "no-store"
    last = (await rows(world, identity))[-1]
    assert (last["type"], last["outcome"]) == ("admin_password.revealed", "applied")
    assert (last["actor"], last["reason"]) == ("api:test-admin", REASON["reason"])
    assert (last["state_before"], last["state_after"]) == ("running", "running")
    assert await world.instance(identity) == before


async def test_every_time_is_recorded(world: World) -> None:
    identity = await world.running()
    for _ in range(2):
        await world.admin.post(route(identity), json=REASON, headers={"Idempotency-Key": "k"})
    assert [row["type"] for row in await rows(world, identity)].count("admin_password.revealed") == 2


async def test_only_an_admin_may(world: World) -> None:
    identity = await world.running()
    for client in (world.acme, world.other, world.service):
        answer = await client.post(route(identity), json=REASON)
        assert answer.status_code == 403
        assert PASSWORD not in answer.text
    assert (await world.nobody.post(route(identity), json=REASON)).status_code == 401


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "   "}])
async def test_a_reason_is_required(world: World, body: dict[str, str]) -> None:
    answer = await world.admin.post(route(await world.running()), json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert PASSWORD not in answer.text


async def test_it_is_not_shown_where_it_cannot_be_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = await world.running()

    async def down(events: object) -> None:
        raise DependencyDown("postgresql", "connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(world.backend.writer, "apply", down)
        answer = await world.admin.post(route(identity), json=REASON)
    assert answer.status_code == 503
    assert PASSWORD not in answer.text


async def test_an_instance_that_moves_meanwhile_is_looked_at_again(
    world: World, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = await world.running()
    read, moved = cluster.admin_password, []

    async def moving(instance: object) -> str:
        if not moved:
            moved.append(True)
            await world.admin.post(f"/api/instances/{identity}/stop")
        return await read(instance)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(cluster, "admin_password", moving)
    assert (await world.admin.post(route(identity), json=REASON)).json()["password"] == PASSWORD
    outcomes = [row["outcome"] for row in await rows(world, identity) if row["type"] == "admin_password.revealed"]
    assert outcomes == ["stale", "applied"]


async def test_where_none_is_kept_that_is_said_and_nothing_recorded(world: World, cluster: FakeCluster) -> None:
    cluster.password = ""
    ran, failed = await world.running(), await world.failed("other")
    for identity, why in ((ran, "adopted, or its Secret was lost"), (failed, "made when the instance is deployed")):
        answer = await world.admin.post(route(identity), json=REASON)
        assert answer.status_code == 404
        assert why in answer.json()["detail"]
        assert "admin_password.revealed" not in [row["type"] for row in await rows(world, identity)]


async def test_a_cluster_that_is_down_is_said(world: World, cluster: FakeCluster) -> None:
    identity = await world.running()
    cluster.down = True
    assert (await world.admin.post(route(identity), json=REASON)).status_code == 503


async def test_the_password_stands_nowhere(world: World) -> None:
    identity = await world.running()
    assert PASSWORD in (await world.admin.post(route(identity), json=REASON)).text
    async with world.backend.engine.connect() as connection:
        for table in ("instances", "audit_log", "outbox"):
            found = await connection.execute(text(f"SELECT t::text FROM {table} t"))  # noqa: S608 - names of our own
            assert not [row for (row,) in found if PASSWORD in row or PASSWORD.encode().hex() in row]


async def test_it_cannot_be_published_by_hand(world: World) -> None:
    identity = await world.running()
    body = {"type": EventType.ADMIN_PASSWORD_REVEALED.value, "reason": "x"}
    answer = await world.admin.post(f"/api/instances/{identity}/events", json=body)
    assert answer.status_code == 403
    assert "is a fact" in answer.json()["detail"]
