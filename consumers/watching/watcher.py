"""Compares rows with the cluster whenever either changes, and all of them now and then, and publishes what differs."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.client import Cluster
from cluster.following import Follower
from cluster.kinds import EVENT
from cluster.leftovers import is_leftover
from cluster.names import INSTALLATION, ODOO, ROLE, selector
from consumers.converge.converger import Converger, Publishes
from consumers.watching.cache import WATCHED, Cache
from consumers.watching.comparing import compare, unmarked
from consumers.watching.mending import Mender
from consumers.watching.warnings import ONLY
from persistence import instances
from schemas.errors import DependencyDown
from schemas.events import Event
from statemachine.instance import Instance

log = structlog.get_logger()
BATCH = 500
PAUSE = 1.0
"""Seconds before it is tried again when PostgreSQL or NATS does not answer, and between looks at the cluster's."""


class Watcher:
    """Whoever runs it must see to it that one runs at a time; two say the same facts, which does no harm."""

    def __init__(
        self,
        engine: AsyncEngine,
        cluster: Cluster,
        publisher: Publishes,
        converger: Converger,
        *,
        grace: float,
        resync_every: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._mender = Mender(converger)
        self._grace = grace
        self._resync_every = resync_every
        self._clock = clock
        self._cache = Cache()
        labels = selector({INSTALLATION: cluster.installation, ROLE: ODOO})
        self._followers = [Follower(cluster, kind, labels, self._cache, self.tell) for kind in WATCHED]
        self._warnings = Follower(cluster, EVENT, "", self._cache, self.tell, ONLY)
        self._dirty: set[UUID] = set()
        self._again: dict[UUID, datetime] = {}
        self._changed = asyncio.Event()

    def tell(self, concerned: Iterable[UUID]) -> None:
        """These rows, or what the cluster shows of them, may have changed."""
        self._dirty.update(concerned)
        if self._dirty:
            self._changed.set()

    async def run(self) -> None:
        """For ever, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for follower in (*self._followers, self._warnings):  # the last only finds better words
                group.create_task(follower.run())
            group.create_task(self._mender.run())
            group.create_task(self._resync())
            group.create_task(self._compare())

    async def _resync(self) -> None:
        """Everything now and then, so that whatever was lost is found."""
        while True:
            try:
                self.tell(self._cache.instances())
                last: UUID | None = None
                while page := await instances.ids(self._engine, last, BATCH):
                    self.tell(page)
                    last = page[-1]
            except DependencyDown as down:
                log.warning("watcher.waits", error=str(down))
            await asyncio.sleep(self._resync_every)

    async def _compare(self) -> None:
        while True:
            await self._something_to_do()
            if not all(follower.live for follower in self._followers):  # an old picture proves nothing
                await asyncio.sleep(PAUSE)
                continue
            concerned, self._dirty = sorted(self._dirty), set()
            try:
                for start in range(0, len(concerned), BATCH):
                    some = concerned[start : start + BATCH]
                    await self._publisher.publish(*await self._differences(some))
            except DependencyDown as down:
                log.warning("watcher.waits", error=str(down))
                self.tell(concerned)
                await asyncio.sleep(PAUSE)

    async def _something_to_do(self) -> None:
        """Until something changed, or the time has come at which an observation turns by itself."""
        soonest = min(self._again.values(), default=None)
        wait = None if soonest is None else max((soonest - self._clock()).total_seconds(), 0.0)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._changed.wait()
        self._changed.clear()
        now = self._clock()
        due = {instance for instance, at in self._again.items() if at <= now}
        self._dirty |= due
        for instance in due:
            del self._again[instance]

    async def _differences(self, concerned: list[UUID]) -> list[Event]:
        rows = await instances.get_many(self._engine, concerned)
        facts: list[Event] = []
        for row in rows.values():
            try:
                facts += self._difference(row)
            except Exception:  # a fault of ours in one instance must not blind the watcher for all others
                log.exception("watcher.failed", instance=str(row.id))
        unknown = self._cache.instances().intersection(concerned) - set(rows)
        if unknown:
            log.warning("objects.unknown", instances=len(unknown), one=str(min(unknown)))
        return facts

    def _difference(self, row: Instance) -> list[Event]:
        sight = self._cache.sight(row)
        found = compare(row, sight, self._clock(), self._grace)
        self._again.pop(row.id, None)
        if found.again_at is not None:
            self._again[row.id] = found.again_at
        if found.converge:
            self._mender.want(row.id, tidy=False)
        elif any(is_leftover(row, attempt) for attempt in self._cache.attempts(row.id)) or unmarked(row, sight):
            self._mender.want(row.id, tidy=True)
        return found.facts
