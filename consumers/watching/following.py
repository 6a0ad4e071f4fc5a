"""Follows the objects of one kind: lists them, watches for changes, and lists again where the watch cannot go on."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from uuid import UUID

import structlog

from cluster.answers import Expired
from cluster.client import Cluster
from cluster.kinds import Kind
from consumers.watching.cache import Cache
from schemas.errors import ClusterDown, ClusterRefused

log = structlog.get_logger()
SLOWEST = 10.0
REFUSED_PAUSE = 30.0

Tell = Callable[[set[UUID]], None]


class Follower:
    """`live`: the cache holds what the cluster shows of this kind; not so while it does not answer."""

    def __init__(self, cluster: Cluster, kind: Kind, labels: str, cache: Cache, tell: Tell) -> None:
        self._cluster = cluster
        self._kind = kind
        self._labels = labels
        self._cache = cache
        self._tell = tell
        self.live = False

    async def run(self) -> None:
        """For ever."""
        pause = 0.1
        while True:
            try:
                version = await self._list()
                pause = 0.1
                await self._watch(version)
            except Expired:
                log.info("watch.expired", kind=self._kind.name)
            except ClusterRefused as refusal:
                self.live = False
                log.error("watch.refused", kind=self._kind.name, error=refusal.message)
                await asyncio.sleep(REFUSED_PAUSE)
            except ClusterDown as down:
                self.live = False
                log.warning("watch.waits", kind=self._kind.name, error=str(down), seconds=pause)
                await asyncio.sleep(max(pause, min(down.retry_after, SLOWEST) if pause > 1 else 0))
                pause = min(pause * 2, SLOWEST)

    async def _list(self) -> str:
        listed, version = await self._cluster.snapshot(self._kind, self._labels)
        concerned = self._cache.replace(self._kind, listed)
        self.live = True
        self._tell(concerned)
        return version

    async def _watch(self, version: str) -> None:
        """One watch after another, each from where the last one ended."""
        while True:
            async with aclosing(self._cluster.watch(self._kind, version, self._labels)) as changes:
                async for change in changes:
                    found = change["object"]
                    version = found["metadata"]["resourceVersion"]
                    if change["type"] == "DELETED":
                        self._tell(self._cache.remove(self._kind, found))
                    elif change["type"] != "BOOKMARK":
                        self._tell(self._cache.put(self._kind, found))
