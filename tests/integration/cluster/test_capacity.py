"""The capacity hint agrees with what the scheduler then does."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from weakref import ref

import pytest

from cluster import client
from cluster.capacity import capacity as hint
from cluster.client import Cluster, Page
from cluster.kinds import DEPLOYMENT, NODE, POD, Kind, Object
from cluster.names import ODOO, labels, selector
from cluster.observe import Phase
from cluster.profiles import Profiles
from cluster.taken import Followed
from schemas.views import Capacity, NodeRoom
from statemachine.instance import Instance
from tests.integration.cluster.doing import deployed, instance, reaches
from tests.support.waiting import until

TINY = {"cpu": "10m", "memory": "16Mi"}


async def capacity(cluster: Cluster, cpu: str, memory: str) -> Capacity:
    return await hint(cluster, Profiles(), instance(request={"cpu": cpu, "memory": memory}))


async def test_a_request_that_fits(cluster: Cluster) -> None:
    found = await capacity(cluster, "1", "1Gi")
    assert (found.fits, found.short) == (True, None)
    assert {node["metadata"]["name"] for node in await cluster.select(NODE)} == {node.name for node in found.nodes}
    assert "hint" in found.hint


async def test_what_is_short_is_named(cluster: Cluster) -> None:
    found = await capacity(cluster, "64", "1000Gi")
    assert found.fits is False
    assert "cores free of the 64 needed" in str(found.short)
    assert "MiB free of the 1024000 needed" in str(found.short)


@pytest.mark.own_cluster
async def test_what_pods_have_taken_is_counted(cluster: Cluster) -> None:
    before = await capacity(cluster, "1", "1Gi")
    row = instance(request={"cpu": "500m", "memory": "1Gi"})
    await deployed(cluster, row)
    node = (await reaches(cluster, row, Phase.READY)).node
    after = await capacity(cluster, "1", "1Gi")
    assert of(after, node).cpu_used == of(before, node).cpu_used + 0.5
    assert of(after, node).memory_used == of(before, node).memory_used + 2**30
    assert of(after, node).pods_used == of(before, node).pods_used + 1


@pytest.mark.own_cluster
async def test_of_all_pods_no_more_than_a_page_or_two_is_held(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 1)
    before, rows = await capacity(cluster, "1", "1Gi"), [instance(request=TINY) for _ in range(5)]
    for row in rows:
        await deployed(cluster, row)
    for row in rows:
        await reaches(cluster, row, Phase.READY)
    held = Held()
    monkeypatch.setattr(Cluster, "pages", lambda *asked, **how: held.pages(*asked, **how))
    after = await capacity(cluster, "1", "1Gi")
    assert used(after) == used(before) + len(rows)
    assert 1 <= held.most <= 2


@pytest.mark.own_cluster
async def test_what_is_followed_is_what_is_counted_as_pods_come_and_go(cluster: Cluster) -> None:
    first, second = [instance(request={"cpu": "500m", "memory": "1Gi"}) for _ in range(2)]
    await deployed(cluster, first)
    await reaches(cluster, first, Phase.READY)
    followed = Followed(cluster)
    async with followed.running():
        await until(lambda: followed.now is not None)
        await agree(cluster, followed, first, second)
        await deployed(cluster, second)
        await reaches(cluster, second, Phase.READY)
        await agree(cluster, followed, first, second)
        await cluster.delete(DEPLOYMENT, *await cluster.select(DEPLOYMENT, of_instance(cluster, first)))
        await until(lambda: _gone(cluster, first), 30)
        await agree(cluster, followed, first, second)


async def agree(cluster: Cluster, followed: Followed, *rows: Instance) -> None:
    """For whoever asks: what is its own counts as gone."""

    async def same() -> bool:
        asked = (*rows, instance())
        by_watch = [await hint(cluster, Profiles(), row, followed) for row in asked]
        return by_watch == [await hint(cluster, Profiles(), row) for row in asked]

    await until(same, 10)


def of_instance(cluster: Cluster, row: Instance) -> str:
    return selector(labels(cluster.installation, row.id, ODOO))


async def _gone(cluster: Cluster, row: Instance) -> bool:
    return not await cluster.select(POD, of_instance(cluster, row))


async def test_followed_pods_are_not_listed_for_a_hint(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = Followed(cluster)
    async with followed.running():
        await until(lambda: followed.now is not None)
        listed = []
        read = Cluster.pages

        def pages(*asked: Any, **how: Any) -> Any:
            listed.append(how["everywhere"])
            return read(*asked, **how)

        monkeypatch.setattr(Cluster, "pages", pages)
        await hint(cluster, Profiles(), instance(), followed)
        assert listed
        assert not any(listed)
    assert (await hint(cluster, Profiles(), instance(), followed)).nodes


def used(found: Capacity) -> int:
    return sum(node.pods_used for node in found.nodes)


class Pod(dict[str, Any]):
    """One that a weak reference can be made to."""


class Held:
    """How many pods of a list were alive at once, while it was read page by page."""

    def __init__(self) -> None:
        self.most = 0
        self._read = Cluster.pages
        self._pods: list[ref[Pod]] = []

    async def pages(self, cluster: Cluster, kind: Kind, *selecting: str, everywhere: bool) -> AsyncIterator[Page]:
        """In place of the client's."""
        async with aclosing(self._read(cluster, kind, *selecting, everywhere=everywhere)) as pages:
            async for page in pages:
                yield self._counted(page) if kind is POD else page

    def _counted(self, page: Page) -> Page:
        pods = [Pod(each) for each in page.objects]
        self._pods += map(ref, pods)
        self.most = max(self.most, sum(pod() is not None for pod in self._pods))
        return Page(list[Object](pods), page.version)


def of(found: Capacity, name: str | None) -> NodeRoom:
    return next(node for node in found.nodes if node.name == name)
