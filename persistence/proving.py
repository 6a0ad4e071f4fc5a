"""Verifies the log itself: every row's hash and place, and that each trail has what signed checkpoints saw of it."""

from collections.abc import AsyncIterator, Callable, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import asyncpg

from persistence.chain import Tip
from persistence.checkpoints.folding import Folded, Seen, before, fold
from persistence.engine import snapshot
from persistence.exports.formats import Row, of_record
from persistence.exports.verifying import Report
from persistence.signing import Document, PublicKeys
from persistence.statements import ENTRY_COLUMNS
from persistence.trails import Trail
from schemas.errors import NotFound

BATCH = 1_000
_ROWS = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM audit_log ORDER BY instance_id, sequence"  # noqa: S608  # our own


class Proved(NamedTuple):
    """The log, compared with checkpoints: the last of them (None: none can be believed), and how many were read."""

    report: Report
    last: Document | None
    read: int


async def compare(
    url: str,
    place: str,
    entries: AsyncIterator[bytes],
    keys: PublicKeys,
    archived: Mapping[UUID, Tip] = MappingProxyType({}),
    progress: Callable[[int], None] = lambda _: None,
) -> Proved:
    """The log of that database with the checkpoints of that place. `archived`: where trails end that left it.

    Raises NotFound where there is no checkpoint that has all heads, DependencyDown.
    """
    report = Report()
    folded = await fold(entries, keys, report, archived)
    if folded.last is None and not report.differing:
        raise NotFound(f"{place} has no checkpoint that has all heads: none was taken, or what came before is lost")
    await prove(url, folded, report, progress)
    return Proved(report, folded.last, folded.count)


async def prove(url: str, folded: Folded, report: Report, progress: Callable[[int], None]) -> None:
    """All trails under one snapshot; what differs is noted in the report. Raises DependencyDown."""
    proving = _Proving(folded, report)
    async with snapshot(url, "reprise audit verify") as connection:
        cursor = await connection.cursor(_ROWS)
        while batch := await cursor.fetch(BATCH):
            proving.take(batch)
            progress(report.rows)
    proving.end()


class _Proving:
    """The trail that is being read; the rows of one come together."""

    def __init__(self, folded: Folded, report: Report) -> None:
        self._seen = {each: seen for each, seen in folded.seen.items() if each not in folded.differing}
        self._folded = folded
        self._report = report
        self._instance_id: UUID | None = None
        self._trail: Trail | None = None
        self._known: Seen | None = None

    def take(self, batch: list[asyncpg.Record]) -> None:
        for instance_id, rows in groupby(batch, key=lambda row: row[0]):
            if instance_id != self._instance_id:
                self._end_trail()
                self._begin(instance_id)
            for row in rows:
                self._report.rows += 1
                self._take(of_record(tuple(row)))

    def _begin(self, instance_id: UUID) -> None:
        """What the checkpoints name already is not named again."""
        self._instance_id = instance_id
        self._trail = Trail(whole=True) if instance_id not in self._folded.differing else None
        self._known = self._seen.pop(instance_id, None)
        self._report.instances += 1

    def _take(self, row: Row) -> None:
        if self._trail is None:
            return
        known = self._known
        why = self._trail.take(row)
        if why is None and known is not None and row.sequence == known.tip.sequence and row.hash != known.tip.hash:
            why = f"another row than {before(known)}: the trail was rewritten, up to here at least"
        if why is not None:
            self._report.note(row.instance_id, row.sequence, why)
            self._trail = None

    def _end_trail(self) -> None:
        known, head = self._known, self._trail.head if self._trail is not None else None
        if known is not None and head is not None and head.last < known.tip.sequence:
            why = f"rows after {head.last} are missing: {before(known)}"
            self._report.note(str(self._instance_id), head.last + 1, why)

    def end(self) -> None:
        """The last row was taken."""
        self._end_trail()
        for instance_id, known in self._seen.items():
            if self._folded.explains(instance_id, known):
                continue
            self._report.note(str(instance_id), 1, f"the whole trail is missing: {before(known)}")
