"""An instance's resources: what is there and how, what should be, what the last clean-up did, and who may see it."""

from typing import Any

import pytest

from api import resources
from cluster.kinds import DEPLOYMENT, SECRET
from cluster.resources import Resource, Told
from schemas.payloads import Receipt, ReceiptLine
from schemas.types import EventType
from tests.integration.api.conftest import FakeCluster
from tests.integration.api.world import World

RECEIPT = Receipt(
    objects=(
        ReceiptLine(kind="Deployment", name="shop-1", action="deleted", why="deleted and seen to be gone"),
        ReceiptLine(kind="Database", name="acme_shop", action="kept", why="it is reused by the retry"),
    )
)


async def _listed(world: World, identity: str) -> dict[str, dict[str, Any]]:
    answer = await world.acme.get(f"/api/instances/{identity}/resources")
    assert answer.status_code == 200, answer.text
    return {f"{each['kind']} {each['name']}": each for each in answer.json()["items"]}


async def test_what_is_there_and_what_is_missing(world: World, cluster: FakeCluster) -> None:
    identity = await world.running()
    cluster.there = [Resource(SECRET, "shop-1", 1, Told(None, ""))]
    found = await _listed(world, identity)
    assert (found["Secret shop-1"]["there"], found["Secret shop-1"]["ready"]) == (True, None)
    missing = found["Deployment shop-1"]
    assert (missing["there"], missing["ready"], missing["says"]) == (False, False, "it should be there")


async def test_what_a_clean_up_deleted_and_kept(world: World, cluster: FakeCluster) -> None:
    identity = await world.cleaning_up()
    await world.say(identity, EventType.CLEANUP_COMPLETED, RECEIPT)
    found = await _listed(world, identity)
    gone, kept = found["Deployment shop-1"], found["Database acme_shop"]
    assert (gone["there"], gone["ready"], gone["cleanup"]) == (False, None, "deleted")
    assert (kept["there"], kept["cleanup"], kept["why"]) == (None, "kept", "it is reused by the retry")


async def test_what_is_there_though_it_was_deleted_is_told_as_both(world: World, cluster: FakeCluster) -> None:
    identity = await world.cleaning_up()
    await world.say(identity, EventType.CLEANUP_COMPLETED, RECEIPT)
    cluster.there = [Resource(DEPLOYMENT, "shop-1", 1, Told(False, "being deleted"))]
    deployment = (await _listed(world, identity))["Deployment shop-1"]
    assert (deployment["there"], deployment["says"], deployment["cleanup"]) == (True, "being deleted", "deleted")


async def test_nobody_else_s_are_seen(world: World) -> None:
    identity = await world.running()
    answers = {name: await each.get(f"/api/instances/{identity}/resources") for name, each in world.clients.items()}
    codes = {name: answer.status_code for name, answer in answers.items()}
    assert codes == {"nobody": 401, "admin": 200, "acme": 200, "other": 404, "service": 403}


async def test_a_cluster_that_is_down_or_hangs_is_told_in_bounded_time(
    world: World, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "WITHIN", 0.1)
    identity = await world.running()
    cluster.hangs = True
    hanging = await world.acme.get(f"/api/instances/{identity}/resources")
    assert (hanging.status_code, "has not answered within 0.1 s" in hanging.json()["detail"]) == (503, True)
    cluster.down = True
    down = await world.acme.get(f"/api/instances/{identity}/resources")
    assert (down.status_code, down.headers["Retry-After"]) == (503, "7")
