"""Follows the objects of one kind: lists them, watches for changes, and lists again where the watch cannot go on."""

import asyncio
from collections.abc import Callable, Container
from contextlib import aclosing
from time import monotonic
from typing import Never, Protocol
from uuid import UUID

import structlog

from cluster.answers import Expired, Gone
from cluster.client import Cluster
from cluster.kinds import Kind, Object
from schemas.errors import ClusterDown, ClusterRefused

log = structlog.get_logger()
FIRST, LONGEST = 0.1, 5.0
"""Seconds before it is tried again: at first, doubling, and at most."""
PATIENT = 60.0
"""Seconds for which the server is left alone at most, should it ask for more."""
SETTLED = 10.0
"""Seconds after which a trouble is forgotten."""
EVERY = 1.0
"""Seconds from one watch to the next at the least: a server may end each at once."""

Tell = Callable[[set[UUID]], None]


class Cache(Protocol):
    """What takes in the objects as they are seen; each method answers which instances are concerned."""

    def put(self, kind: Kind, found: Object) -> set[UUID]:
        """It is there, like this."""

    def remove(self, kind: Kind, found: Object) -> set[UUID]:
        """It is gone."""

    def keep(self, kind: Kind, uids: Container[str]) -> set[UUID]:
        """A list has ended: what is not among these is gone."""


class Follower:
    """`live`: the cache holds what the cluster shows of this kind; not so while it does not answer.

    `everywhere`: in all namespaces.
    """

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        labels: str,
        cache: Cache,
        tell: Tell,
        fields: str = "",
        *,
        everywhere: bool = False,
    ) -> None:
        self._cluster = cluster
        self._kind = kind
        self._labels = labels
        self._fields = fields
        self._cache = cache
        self._tell = tell
        self._everywhere = everywhere
        self.live = False

    async def run(self) -> None:
        """For ever."""
        pause = FIRST
        while True:
            began = monotonic()
            asked = await self._follow()
            pause = FIRST if monotonic() - began > SETTLED else pause
            await asyncio.sleep(max(pause, min(asked, PATIENT)))
            pause = min(pause * 2, LONGEST)

    async def _follow(self) -> float:
        """List and watch until that cannot go on; returns for how many seconds the server asks to be left alone."""
        try:
            await self._watch(await self._list())
        except Expired:
            log.info("watch.expired", kind=self._kind.name)
        except (ClusterRefused, Gone) as refusal:
            self.live = False
            log.error("watch.refused", kind=self._kind.name, error=str(refusal))
        except ClusterDown as down:
            self.live = False
            log.warning("watch.waits", kind=self._kind.name, error=str(down))
            return down.retry_after
        return 0.0

    async def _list(self) -> str:
        """What is there, taken into the cache page by page, so that never more than one is held whole."""
        version, uids, everywhere = "", set[str](), self._everywhere
        async with aclosing(
            self._cluster.pages(self._kind, self._labels, self._fields, everywhere=everywhere)
        ) as pages:
            async for page in pages:
                version = page.version
                for found in page.objects:
                    uids.add(found["metadata"]["uid"])
                    self._tell(self._cache.put(self._kind, found))
        self._tell(self._cache.keep(self._kind, uids))
        self.live = True
        return version

    async def _watch(self, version: str) -> Never:
        """One watch after another, each from where the last one ended."""
        while True:
            began = monotonic()
            version = await self._watch_once(version)
            await asyncio.sleep(EVERY - (monotonic() - began))

    async def _watch_once(self, version: str) -> str:
        """Until the server ends it; returns the version from which to go on."""
        selected = (self._kind, version, self._labels, self._fields)
        async with aclosing(self._cluster.watch(*selected, everywhere=self._everywhere)) as changes:
            async for change in changes:
                found = change["object"]
                version = found["metadata"]["resourceVersion"]
                if change["type"] == "DELETED":
                    self._tell(self._cache.remove(self._kind, found))
                elif change["type"] != "BOOKMARK":
                    self._tell(self._cache.put(self._kind, found))
        return version
