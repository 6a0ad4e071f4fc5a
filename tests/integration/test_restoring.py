"""Rows that the audit log has lost come back out of an export, and with them the instances: on a real PostgreSQL."""

# ruff: noqa: S608  # the statements are made of a test's own values

from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.exports.formats import FORMATS, Format, Row, of_record
from persistence.rebuilding import Report, build, operating
from persistence.statements import ENTRY_COLUMNS
from persistence.swapping import Swapped, swap
from persistence.writer import Writer
from schemas.errors import Refused
from schemas.payloads import Receipt
from schemas.types import EventType as E
from statemachine.instance import Instance
from statemachine.policy import Policy
from tests.integration.test_rebuild import agrees, ask, shops
from tests.integration.test_replay import event
from tests.support.tampering import as_owner

__all__ = ["shops"]
LOG = "SELECT string_agg(to_jsonb(a)::text, E'\n' ORDER BY instance_id, sequence) FROM audit_log a"
IDS = "SELECT string_agg(to_jsonb(e)::text, E'\n' ORDER BY event_id) FROM event_ids e"
STATES = (
    "SELECT string_agg(concat_ws(' ', id, state, step, sequence, encode(chain, 'hex')), ',' ORDER BY id) FROM instances"
)
LOST = "TRUNCATE audit_log, event_ids"


async def exported(url: str, encoding: Format = "jsonl") -> list[Row]:
    """What an export of all rows has, once it was written and read."""
    connection = await asyncpg.connect(url)
    query = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM audit_log ORDER BY instance_id, sequence"
    rows = [of_record(tuple(record)) for record in await connection.fetch(query)]
    await connection.close()
    form = FORMATS[encoding]
    return list(form.decode((form.header + form.encode(rows)).splitlines(keepends=True)))


async def swapped(url: str, rows: list[Row]) -> tuple[Report, Swapped]:
    async with operating(url) as connection:
        report = await build(connection, lambda _: None, rows)
        return report, await swap(connection, "operator:alice", "the log was lost")


@pytest.mark.parametrize("encoding", ["jsonl", "csv"])
async def test_log_and_instances_come_back_as_they_were(database: str, shops: list[Instance], encoding: Format) -> None:
    before = [await ask(database, query) for query in (LOG, IDS, STATES)]
    rows = await exported(database, encoding)
    await as_owner(database, LOST, "DROP TABLE instances")
    report, done = await swapped(database, rows)
    assert (report.lacking, report.rows, report.gone) == (len(rows), len(rows), True)
    assert (done.restored, done.instances, done.kept) == (len(rows), 4, 0)
    assert [await ask(database, query) for query in (LOG, IDS, STATES)] == before
    assert await agrees(database)
    assert await ask(database, "SELECT restored FROM rebuilds") == str(len(rows))


async def test_without_a_swap_nothing_is_put_back(database: str, shops: list[Instance]) -> None:
    rows = await exported(database)
    await as_owner(database, LOST)
    async with operating(database) as connection:
        report = await build(connection, lambda _: None, rows)
    assert (report.lacking, report.differing, report.broken, report.agrees) == (len(rows), 0, 0, False)
    assert await ask(database, "SELECT count(*) FROM audit_log") == "0"


async def test_what_was_decided_since_the_loss_follows_the_rows_of_the_file(
    database: str, shops: list[Instance], engine: AsyncEngine
) -> None:
    rows = await exported(database)
    await as_owner(database, LOST)
    await Writer(engine, Policy()).apply([event(E.RETRY_REQUESTED, None, shops[2])])
    report, done = await swapped(database, rows)
    assert (report.broken, done.differed, done.kept, done.restored) == (0, 0, 0, len(rows))
    assert await agrees(database)


async def test_only_what_is_missing_is_put_back(database: str, shops: list[Instance]) -> None:
    before, rows = await ask(database, LOG), await exported(database)
    await as_owner(database, f"DELETE FROM audit_log WHERE instance_id = '{shops[0].id}' AND sequence IN (3, 4)")
    report, done = await swapped(database, rows)
    assert (report.lacking, report.broken, done.restored) == (2, 0, 2)
    assert await ask(database, LOG) == before


async def test_an_older_export_takes_no_instance_back(
    database: str, shops: list[Instance], engine: AsyncEngine
) -> None:
    """What was decided after it is lost for good: the live row alone knows where the instance is."""
    rows = await exported(database)
    await Writer(engine, Policy()).apply([event(E.RETRY_REQUESTED, None, shops[2])])
    states = await ask(database, STATES)
    await as_owner(database, LOST)
    report, done = await swapped(database, rows)
    [broken] = report.breaks
    assert (broken.instance_id, done.kept) == (shops[2].id, 1)
    assert broken.why.endswith("were removed from its end")
    assert await ask(database, STATES) == states


async def test_a_row_that_the_log_has_otherwise_is_refused(database: str, shops: list[Instance]) -> None:
    rows = await exported(database)
    await as_owner(database, f"UPDATE audit_log SET hash = 'x' WHERE instance_id = '{shops[0].id}' AND sequence = 3")
    with pytest.raises(Refused, match=rf"row 3 of instance {shops[0].id} is another in the file than in the audit log"):
        await swapped(database, rows)


async def archive(url: str, instance_id: UUID) -> None:
    """As `reprise audit archive` does in the end."""
    connection = await asyncpg.connect(url)
    row = await connection.fetchrow("SELECT sequence, chain FROM instances WHERE id = $1", instance_id)
    assert row is not None
    made = await connection.fetchval(
        "INSERT INTO audit_archives (id, actor, reason, before, manifest) "
        "VALUES (gen_random_uuid(), 'operator:alice', 'long gone', now(), '{}') RETURNING id"
    )
    ids, sequences, chains = [instance_id], [row["sequence"]], [row["chain"]]
    removed = await connection.fetchval("SELECT remove_archived($1, $2, $3, $4)", made, ids, sequences, chains)
    await connection.close()
    assert removed == ids


async def test_what_was_archived_is_neither_missed_nor_brought_back(
    database: str, shops: list[Instance], engine: AsyncEngine
) -> None:
    writer, gone = Writer(engine, Policy()), shops[2]
    for kind, data in ((E.DELETE_REQUESTED, None), (E.DELETE_COMPLETED, Receipt(objects=()))):
        [result] = await writer.apply([event(kind, data, gone)])
        assert result.instance is not None
        gone = result.instance
    rows = await exported(database)
    await archive(database, gone.id)
    async with operating(database) as connection:
        assert (await build(connection, lambda _: None)).agrees
    report, done = await swapped(database, rows)
    assert (report.lacking, report.broken, done.restored, done.instances, done.left_out) == (0, 0, 0, 3, 0)
    assert await ask(database, f"SELECT count(*) FROM audit_log WHERE instance_id = '{gone.id}'") == "0"
