"""The watcher's follower and a cluster between which things go wrong: it misses nothing, and does not hurry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest_asyncio

from cluster.client import Cluster
from cluster.following import Follower
from cluster.kinds import SECRET, Object
from cluster.names import INSTANCE
from consumers.watching.cache import Cache
from schemas.settings import Settings
from tests.integration.cluster.test_client import applied
from tests.support.interference import Asked, Fault, Interference, interference
from tests.support.waiting import until

MINE = "mine=yes"


class Followed:
    """Secrets of a namespace, each of an instance of its own, followed through a proxy."""

    def __init__(self, cluster: Cluster, through: Cluster, between: Interference) -> None:
        self.cluster, self.between = cluster, between
        self.cache = Cache()
        self.follower = Follower(through, SECRET, MINE, self.cache, lambda concerned: None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """It follows, and knows what there is."""
        task = asyncio.create_task(self.follower.run())
        try:
            await until(lambda: self.follower.live and self.between.open_watches == 1)
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def make(self, number: int) -> Object:
        labels = {"mine": "yes", INSTANCE: str(UUID(int=number))}
        [made] = await applied(self.cluster, {"metadata": {"name": f"s{number}", "labels": labels}})
        return made

    async def knows(self, *numbers: int) -> None:
        wanted = {UUID(int=number) for number in numbers}
        await until(lambda: self.cache.instances() == wanted, what=f"{wanted} to be known")

    async def watched(self, times: int = 1) -> list[Asked]:
        """Once so many watches were begun."""
        return await until(lambda: len(found := self.between.watches("secrets")) >= times and found)

    def begun_from(self) -> set[str]:
        """The versions from which watches were begun."""
        return {asked.query["resourceVersion"] for asked in self.between.watches("secrets")}

    def bookmarks(self, *, since: Object) -> set[str]:
        """The versions that bookmarks told of, from that of an object on."""
        told = [change["object"] for _, change in self.between.told if change["type"] == "BOOKMARK"]
        versions = {found["metadata"]["resourceVersion"] for found in told}
        return {each for each in versions if int(each) >= int(since["metadata"]["resourceVersion"])}


@pytest_asyncio.fixture
async def followed(
    cluster: Cluster, cluster_settings: Settings, kubeconfig: Path, tmp_path: Path
) -> AsyncIterator[Followed]:
    async with (
        interference(kubeconfig, tmp_path / "through") as between,
        Cluster(cluster_settings.model_copy(update={"kubeconfig": tmp_path / "through"})) as client,
    ):
        yield Followed(cluster, client, between)


async def test_a_watch_that_the_server_ends_is_taken_up_from_its_bookmark_without_a_list(followed: Followed) -> None:
    followed.between.watch_for = 3
    await followed.make(1)
    async with followed.running():
        other = await followed.cluster.apply(SECRET, {"metadata": {"name": "of-somebody-else"}})
        await until(lambda: followed.bookmarks(since=other) & followed.begun_from(), 60)
        await followed.make(2)
        await followed.knows(1, 2)
    assert len(followed.between.lists("secrets")) == 1
    assert followed.follower.live


async def test_what_happened_while_a_watch_was_broken_off_is_found(followed: Followed) -> None:
    first = await followed.make(1)
    async with followed.running():
        followed.between.faults.append(Fault(503, lambda asked: asked.is_list, times=2, headers={"Retry-After": "1"}))
        assert followed.between.cut() == 1
        await until(lambda: not followed.follower.live)
        await followed.cluster.delete(SECRET, first)
        await followed.make(2)
        await followed.knows(2)
        assert followed.follower.live


async def test_an_expired_watch_is_begun_anew_with_a_list(followed: Followed) -> None:
    first = await followed.make(1)
    async with followed.running():
        followed.between.loses = lambda asked, change: change["type"] == "DELETED"
        await followed.cluster.delete(SECRET, first)
        await until(lambda: _gone(followed))
        followed.between.faults.append(Fault(410, lambda asked: asked.is_watch))
        assert await followed.between.expire() == 1
        await followed.knows()
        await followed.watched(3)
    assert len(followed.between.lists("secrets")) == 3, "by the stream, by the status, and at first"


async def _gone(followed: Followed) -> bool:
    return await followed.cluster.get(SECRET, "s1") is None


async def test_retry_after_is_kept(followed: Followed) -> None:
    later = Fault(429, lambda asked: asked.is_list, headers={"Retry-After": "2"})
    followed.between.faults.append(later)
    async with followed.running():
        await followed.knows()
    refused, answered = followed.between.lists("secrets")
    assert answered.at - refused.at >= 2


async def test_a_server_that_ends_or_expires_every_watch_at_once_is_not_stormed(followed: Followed) -> None:
    await followed.make(1)
    followed.between.faults.append(Fault(410, lambda asked: asked.is_watch, times=4))
    async with followed.running():
        watches = await followed.watched(4)
    assert watches[3].at - watches[0].at >= 0.1 + 0.2 + 0.4


async def test_an_api_that_is_missing_for_a_while_ends_nothing(followed: Followed) -> None:
    await followed.make(1)
    followed.between.faults.append(Fault(404, lambda asked: asked.is_list, times=2))
    async with followed.running():
        await followed.knows(1)
