"""Makes every row of `instances` anew from the audit log alone, and compares with the live: in constant memory."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from persistence.chain import Tip
from persistence.engine import connector, translated
from persistence.exports.formats import Row
from persistence.putting_back import without_timers
from persistence.rebuilt_table import (
    SCHEMA,
    Connection,
    home_of,
    is_there,
    make_empty,
    make_indexes,
    unlike_the_definition,
)
from persistence.replay import IN_ORDER, KEPT, batches
from persistence.restoring import TRAILS, load
from persistence.rows import COLUMNS, to_arrays
from persistence.statements import ENTRY_COLUMNS
from persistence.verifying import Difference, Trail
from schemas.errors import Refused
from statemachine.instance import Instance

LOCK = 0x5265_7072_6973_6507
WRITTEN = (*COLUMNS, "sequence", "chain")
_ROWS = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM {TRAILS}"  # noqa: S608  # names of our own
_COUNT = f"SELECT count(*) FROM {TRAILS}"  # noqa: S608  # as above

# a command that is repeated leaves a row the first time only: how often it was, the live row alone knows
_TAKE_OVER_REPETITIONS = """
UPDATE {rebuilt} r SET overdue = l.overdue FROM {live} l
WHERE l.id = r.id AND 0 < r.overdue AND r.overdue < l.overdue AND to_jsonb(r) - 'overdue' = to_jsonb(l) - 'overdue'
"""
# the ids of events outlive their rows, and tell what was removed from the end of a trail, or all of it; where they were
# lost as well, the live row does
_BY_IDS = "SELECT instance_id, max(sequence) AS sequence FROM event_ids GROUP BY instance_id"
_BY_LIVE = """
UNION ALL SELECT id, sequence FROM {live} l WHERE NOT EXISTS (SELECT FROM event_ids e WHERE e.instance_id = l.id)
"""
_CUT_SHORT = """
WITH longer AS (
    SELECT e.instance_id, coalesce(r.sequence, 0) AS last, e.sequence
    FROM ({known}) e
    LEFT JOIN {rebuilt} r ON r.id = e.instance_id
    WHERE e.sequence > coalesce(r.sequence, 0)
    AND NOT EXISTS (SELECT FROM {broken} b WHERE b.instance_id = e.instance_id)
    AND NOT EXISTS (SELECT FROM audit_archived x WHERE x.instance_id = e.instance_id)
), removed AS (
    DELETE FROM {rebuilt} WHERE id IN (SELECT instance_id FROM longer)
)
INSERT INTO {broken} SELECT instance_id, format('rows %s to %s were removed from its end', last + 1, sequence)
FROM longer RETURNING instance_id, why
"""
_COMPARE = """
SELECT id, to_jsonb(l)::text AS live, to_jsonb(r)::text AS rebuilt FROM {live} l FULL JOIN {rebuilt} r USING (id)
WHERE to_jsonb(l) IS DISTINCT FROM to_jsonb(r) ORDER BY id
"""


class Unlike(NamedTuple):
    """One value of a live row that is not what the audit log leads to. Field `row`: one of the two is not there."""

    instance_id: UUID
    field: str
    live: Any
    rebuilt: Any


@dataclass(slots=True)
class Report:
    """How far it is, and what was found.

    broken       trails that cannot be decided again, of which no row was made
    differing    instances whose live row is not the one made anew, or of which there is only the one or the other
    structure    what of the live table itself is not as defined; `gone` where there is none
    without_timers    instances on their way, of which the outbox lacks a timer
    lacking      rows that a file has and the audit log lacks
    """

    total: int = 0
    rows: int = 0
    instances: int = 0
    broken: int = 0
    breaks: list[Difference] = field(default_factory=list)
    differing: int = 0
    differences: list[Unlike] = field(default_factory=list)
    structure: list[str] = field(default_factory=list)
    gone: bool = False
    without_timers: int = 0
    lacking: int = 0

    def note_broken(self, difference: Difference) -> None:
        """One more trail cannot be decided again."""
        self.broken += 1
        self.breaks.extend([difference][: KEPT - len(self.breaks)])

    @property
    def agrees(self) -> bool:
        """Whether a swap would change nothing."""
        found = (self.broken, self.differing, self.structure, self.gone, self.without_timers, self.lacking)
        return not any(found)


class Made(NamedTuple):
    """What a trail led to. `broken`: its first row that is not as it was recorded."""

    instance_id: UUID
    instance: Instance | None
    tip: Tip
    broken: Difference | None


@asynccontextmanager
async def operating(url: str) -> AsyncIterator[Connection]:
    """A connection on which one may build and swap, one at a time. Raises DependencyDown, Refused."""
    async with translated():
        connection = await connector(
            url, 5, application_name="reprise replay rebuild", idle_in_transaction_session_timeout="60s"
        )()
        try:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                raise Refused("another rebuild is under way")
            yield connection
        finally:
            await connection.close(timeout=5)


async def build(connection: Connection, progress: Callable[[Report], None], found: Iterable[Row] = ()) -> Report:
    """Every row from its trail, in the schema `reprise_rebuilt`, compared; the live table is not touched.

    `found`: rows of a file, of which those are read too that the audit log lacks. It reads one snapshot. `progress` is
    told after each batch of rows. Raises Refused where two instances have one name, or file and log contradict.
    """
    async with connection.transaction(isolation="repeatable_read"):
        home = await home_of(connection)
        await make_empty(connection)
        report = Report(lacking=await load(connection, found))
        report.total = await connection.fetchval(_COUNT)
        await fill(connection, report, progress)
        await _find_cut_short(connection, report, f"{home}.instances")
        await _index(connection)
        await _compare(connection, report, f"{home}.instances")
        report.without_timers = await without_timers(connection)
    return report


async def fill(
    connection: Connection, report: Report, progress: Callable[[Report], None], where: str = "", *parameters: Any
) -> None:
    """The rows of these trails."""
    filling = _Filling(report)
    async for batch in batches(connection, _ROWS + where + IN_ORDER, parameters):
        await _write(connection, list(filling.take(batch)))
        progress(report)
    await _write(connection, list(filling.end()))


class _Filling:
    """The trail that is being read; the rows of one come together."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._trail: Trail | None = None
        self._broken: Difference | None = None

    def take(self, batch: Iterable[asyncpg.Record]) -> Iterator[Made]:
        """The trails that ended before these rows did."""
        for instance_id, rows in groupby(batch, key=lambda row: row[0]):
            if self._trail is None or self._trail.instance_id != instance_id:
                yield from self.end()
                self._trail, self._broken = Trail(instance_id), None
            for row in rows:
                self._report.rows += 1
                self._broken = self._broken or self._trail.take(tuple(row))

    def end(self) -> Iterator[Made]:
        """The last row of the trail has been taken."""
        if (trail := self._trail) is None:
            return
        self._report.instances += 1
        if self._broken is not None:
            self._report.note_broken(self._broken)
        yield Made(trail.instance_id, trail.instance, trail.tip, self._broken)


async def _write(connection: Connection, made: Sequence[Made]) -> None:
    whole = [each for each in made if each.broken is None and each.instance is not None]
    arrays = to_arrays(each.instance for each in whole if each.instance is not None)
    records = zip(*arrays, (each.tip.sequence for each in whole), (each.tip.hash for each in whole), strict=True)
    await connection.copy_records_to_table("instances", schema_name=SCHEMA, columns=WRITTEN, records=records)
    broken = [(each.instance_id, f"row {each.broken.sequence}: {each.broken.why}") for each in made if each.broken]
    await connection.copy_records_to_table("broken", schema_name=SCHEMA, records=broken)


async def _find_cut_short(connection: Connection, report: Report, live: str) -> None:
    known = _BY_IDS + (_BY_LIVE.format(live=live) if await is_there(connection, live) else "")
    query = _CUT_SHORT.format(rebuilt=f"{SCHEMA}.instances", broken=f"{SCHEMA}.broken", known=known)
    for instance_id, why in await connection.fetch(query):
        report.note_broken(Difference(instance_id, None, None, None, why))


async def _index(connection: Connection) -> None:
    try:
        await make_indexes(connection)
    except asyncpg.UniqueViolationError as error:
        raise Refused(f"two instances that were not deleted have one name; delete one first: {error.detail}") from error


async def _compare(connection: Connection, report: Report, live: str) -> None:
    if not await is_there(connection, live):
        report.gone, report.differing = True, report.instances - report.broken
        return
    report.structure = await unlike_the_definition(connection, live)
    await take_over_repetitions(connection, live)
    async for row in connection.cursor(_COMPARE.format(live=live, rebuilt=f"{SCHEMA}.instances")):
        report.differing += 1
        report.differences.extend([*_unlike(row)][: KEPT - len(report.differences)])


async def take_over_repetitions(connection: Connection, live: str) -> None:
    """How often a step was overdue, where all else is as the trail says."""
    await connection.execute(_TAKE_OVER_REPETITIONS.format(live=live, rebuilt=f"{SCHEMA}.instances"))


def _unlike(row: asyncpg.Record) -> Iterator[Unlike]:
    live, rebuilt = (orjson.loads(row[side]) if row[side] else None for side in ("live", "rebuilt"))
    if live is None or rebuilt is None:
        yield Unlike(row["id"], "row", live and live["state"], rebuilt and rebuilt["state"])
        return
    for name in dict.fromkeys((*rebuilt, *live)):
        if live.get(name) != rebuilt.get(name):
            yield Unlike(row["id"], name, live.get(name), rebuilt.get(name))
