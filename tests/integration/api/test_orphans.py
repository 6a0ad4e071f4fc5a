"""Orphans over HTTP: an admin sees them, says how many there are and why they go, and keeps what holds data."""

import pytest

from cluster.kinds import CLAIM, SERVICE, Kind
from cluster.names import INSTANCE
from cluster.orphans import Orphan
from tests.integration.api.conftest import FakeCluster
from tests.integration.api.world import World

UNWANTED = "11111111-2222-3333-4444-555555555555"


def orphan(kind: Kind, name: str) -> Orphan:
    return Orphan(kind, {"metadata": {"name": name, "labels": {INSTANCE: UNWANTED}}}, UNWANTED, "no such instance")


@pytest.fixture(autouse=True)
def unwanted(cluster: FakeCluster) -> None:
    cluster.unwanted = [orphan(SERVICE, "a"), orphan(CLAIM, "a")]


async def names(world: World) -> list[tuple[str, bool]]:
    items = (await world.admin.get("/api/cluster/orphans")).json()["items"]
    return [(item["kind"], item["holds_data"]) for item in items]


async def test_an_admin_removes_them_and_what_holds_data_stays(world: World) -> None:
    assert await names(world) == [("Service", False), ("PersistentVolumeClaim", True)]
    answer = await world.admin.post("/api/cluster/orphans/remove", json={"expected": 1, "reason": "of a test"})
    assert (answer.status_code, [item["kind"] for item in answer.json()["items"]]) == (200, ["Service"])
    assert await names(world) == [("PersistentVolumeClaim", True)]


async def test_with_data_all_of_them_go(world: World) -> None:
    body = {"expected": 2, "with_data": True, "reason": "of a test"}
    assert (await world.admin.post("/api/cluster/orphans/remove", json=body)).status_code == 200
    assert await names(world) == []


async def test_another_count_than_was_seen_removes_nothing(world: World) -> None:
    answer = await world.admin.post("/api/cluster/orphans/remove", json={"expected": 2, "reason": "of a test"})
    assert answer.status_code == 409
    assert "The count is 1 now, not 2" in answer.json()["detail"]
    assert len(await names(world)) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [({"expected": 1}, "reason"), ({"reason": "x"}, "expected"), ({"expected": 1, "reason": " "}, "reason")],
)
async def test_a_reason_and_a_count_are_asked_for(world: World, body: dict[str, object], field: str) -> None:
    answer = await world.admin.post("/api/cluster/orphans/remove", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert len(await names(world)) == 2


async def test_customers_do_not_see_them(world: World) -> None:
    assert (await world.acme.get("/api/cluster/orphans")).status_code == 403
    body = {"expected": 1, "reason": "mine"}
    assert (await world.acme.post("/api/cluster/orphans/remove", json=body)).status_code == 403
