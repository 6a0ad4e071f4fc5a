"""Follows the audit log for one listener: the rows that fit, as they are written.

Each change says which row it is of, so none is passed over and none comes twice. Of rows that changed nothing (stale,
rejected) no change tells: they are looked for, with some overlap since clocks differ, and told once.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from api.changes import PAUSE, Signal
from persistence import following
from persistence.searching import AuditFilter
from schemas.errors import DependencyDown
from schemas.views import AuditRow

OVERLAP = timedelta(minutes=1)
LOOK_EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class News:
    """What is new up to `sequence` of the stream of changes; 0: nothing, the listener is told that it is heard.

    `missed`: changes are lost, or there was more than one look tells; look at everything anew.
    """

    sequence: int = 0
    rows: Sequence[AuditRow] = ()
    missed: bool = False


class Tail:
    """The rows that fit `wanted`."""

    def __init__(self, engine: AsyncEngine, wanted: AuditFilter) -> None:
        self._engine = engine
        self._wanted = wanted
        self._looked = datetime.now(UTC)
        self._known: frozenset[UUID] = frozenset()

    async def begin(self) -> None:
        """From now on. Raises DependencyDown."""
        await self._idle()

    async def news(self, signals: Sequence[Signal]) -> AsyncIterator[News]:
        """What these tell of, last; while PostgreSQL does not answer, only that it is waited for."""
        while True:
            try:
                news = await self._news(signals)
            except DependencyDown:
                yield News()
                await asyncio.sleep(PAUSE)
            else:
                yield news
                return

    async def _news(self, signals: Sequence[Signal]) -> News:
        changes = [orjson.loads(each.data) for each in signals if each.kind == "change"]
        places = [(UUID(each["instance_id"]), int(each["sequence"])) for each in changes]
        rows = await following.told(self._engine, self._wanted, places) if places else []
        if datetime.now(UTC) - self._looked >= LOOK_EVERY:
            rows += await self._idle()
        missed = any(each.kind == "reset" for each in signals) or len(rows) >= following.MOST
        return News(max((each.sequence for each in signals), default=0), rows, missed)

    async def _idle(self) -> list[AuditRow]:
        now = datetime.now(UTC)
        found = await following.idle(self._engine, self._wanted, self._looked - OVERLAP)
        new = [row for row in found if row.event_id not in self._known]
        self._known, self._looked = frozenset(row.event_id for row in found), now
        return new
