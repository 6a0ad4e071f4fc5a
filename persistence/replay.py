"""Reads the audit log once, in order, under one snapshot, and has every trail verified: in constant memory."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from persistence.chain import Tip
from persistence.engine import snapshot
from persistence.exports.formats import Row, to_record
from persistence.rows import SELECT, from_row
from persistence.statements import ENTRY_COLUMNS
from persistence.verifying import Difference, Live, OtherWay, Trail
from schemas.errors import NotFound, Refused

BATCH = 1_000
"""Rows held at a time."""
KEPT = 1_000
"""Differences that are kept to be shown; those beyond are counted."""

_ROWS = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM audit_log"  # noqa: S608  # column names of our own
_COUNT = "SELECT count(*) FROM audit_log"
_OF_ONE = " WHERE instance_id = $1"
_SINCE = " WHERE instance_id IN (SELECT instance_id FROM audit_log WHERE recorded_at >= $1)"
IN_ORDER = " ORDER BY instance_id, sequence"
_LIVE = f"SELECT {SELECT}, sequence, chain FROM instances WHERE id = ANY($1::uuid[])"  # noqa: S608  # as above
_NAMED = "SELECT id FROM instances WHERE name = $1 ORDER BY created_at LIMIT 10"
_WITHOUT = "SELECT id FROM instances i WHERE NOT EXISTS (SELECT FROM audit_log a WHERE a.instance_id = i.id) "
_AND_ONE = "AND i.id = $1"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


Begin = Callable[[UUID], Trail | OtherWay]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which trails: that of one instance, those with a row since then, or all. Each is read from its first row."""

    instance_id: UUID | None = None
    since: datetime | None = None

    @property
    def where(self) -> tuple[str, list[Any]]:
        """The condition, and its parameters."""
        if self.instance_id is not None:
            return _OF_ONE, [self.instance_id]
        return (_SINCE, [self.since]) if self.since is not None else ("", [])


@dataclass(slots=True)
class Report:
    """How far it is, and what was found: of each instance that differs, its first row that does."""

    total: int = 0
    rows: int = 0
    instances: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)

    def note(self, difference: Difference) -> None:
        """One more instance differs."""
        self.differing += 1
        if len(self.differences) < KEPT:
            self.differences.append(difference)


async def verify(url: str, wanted: Selection, progress: Callable[[Report], None], begin: Begin = Trail) -> Report:
    """Every trail that is wanted, decided again and compared; `begin` makes what takes the rows of each.

    `progress` is told after each batch of rows. It reads one snapshot, so what is decided meanwhile does not show.

    Raises NotFound where the one instance that is wanted has neither trail nor row, DependencyDown.
    """
    report = Report()
    where, parameters = wanted.where
    async with snapshot(url, "reprise replay") as connection:
        report.total = await connection.fetchval(_COUNT + where, *parameters)
        verifying = _Verifying(report, begin)
        async for batch in batches(connection, _ROWS + where + IN_ORDER, parameters):
            verifying.take(batch, await _live(connection, batch))
            progress(report)
        verifying.end()
        if begin is Trail and wanted.since is None:
            await _find_without_trail(connection, report, wanted)
    if wanted.instance_id is not None and report.instances == 0:
        raise NotFound("Instance not found")
    return report


def verify_rows(rows: Iterable[Row], progress: Callable[[Report], None], begin: Begin = Trail) -> Report:
    """The same of the rows of an export or archive, without a database: there is no live row to compare with.

    Raises Unreadable.
    """
    report = Report()
    verifying = _Verifying(report, begin, compare=False)
    for some in _portions(map(to_record, rows)):
        verifying.take(some, {})
        progress(report)
    verifying.end()
    return report


def _portions(records: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while some := list(islice(records, BATCH)):
        yield some


async def identify(url: str, named: str) -> UUID:
    """The instance of this id or name. Raises NotFound where there is none, Refused where several have the name."""
    with suppress(ValueError):
        return UUID(named)
    async with snapshot(url, "reprise replay") as connection:
        found: list[UUID] = [row["id"] for row in await connection.fetch(_NAMED, named)]
    if not found:
        raise NotFound(f"No instance has the id or name {named!r}")
    if len(found) > 1:
        raise Refused(f"{len(found)} instances are called {named!r}; use the id: {', '.join(map(str, found))}")
    return found[0]


class _Verifying:
    """The trail that is being read; the rows of one come together."""

    def __init__(self, report: Report, begin: Begin, *, compare: bool = True) -> None:
        self._report = report
        self._compare = compare
        self._begun = begin
        self._trail: Trail | OtherWay | None = None
        self._live: Live | None = None
        self._differs = False

    def take(self, batch: Iterable[Any], live: dict[UUID, Live]) -> None:
        for instance_id, rows in groupby(batch, key=lambda row: row[0]):
            if self._trail is None or self._trail.instance_id != instance_id:
                self.end()
                self._begin(instance_id, live.get(instance_id))
            self._take_all(rows)

    def _begin(self, instance_id: UUID, live: Live | None) -> None:
        self._trail, self._live, self._differs = self._begun(instance_id), live, False
        self._report.instances += 1

    def _take_all(self, rows: Iterator[Any]) -> None:
        assert self._trail is not None  # noqa: S101  # one has begun
        report, take = self._report, self._trail.take
        for row in rows:
            report.rows += 1
            if not self._differs and (found := take(tuple(row))) is not None:
                self._differs = True
                report.note(found)

    def end(self) -> None:
        """The last row of the trail has been taken."""
        if self._trail is None or self._differs or not self._compare:
            return
        if (found := self._trail.end(self._live)) is not None:
            self._report.note(found)


async def batches(connection: Connection, query: str, parameters: Sequence[Any]) -> AsyncIterator[list[asyncpg.Record]]:
    """What the query finds, up to BATCH rows at a time. To be called within a transaction."""
    cursor = await connection.cursor(query, *parameters)
    while batch := await cursor.fetch(BATCH):
        yield batch


async def _live(connection: Connection, batch: Iterable[asyncpg.Record]) -> dict[UUID, Live]:
    rows = await connection.fetch(_LIVE, list({row[0] for row in batch}))
    return {row["id"]: Live(from_row(row), Tip(row["sequence"], row["chain"])) for row in rows}


async def _find_without_trail(connection: Connection, report: Report, wanted: Selection) -> None:
    one = [] if wanted.instance_id is None else [wanted.instance_id]
    async for row in connection.cursor(_WITHOUT + (_AND_ONE if one else ""), *one):
        report.instances += 1
        report.note(Difference(row["id"], None, None, None, "the instance has no trail: its rows were removed"))
