"""The table of instances made anew from the audit log on a real PostgreSQL, compared, swapped while others write."""

# ruff: noqa: S608  # the statements are made of a test's own values

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence import instances, swapping
from persistence.rebuilding import Report, Unlike, build, operating
from persistence.replay import Selection, verify
from persistence.swapping import Swapped, swap
from persistence.writer import Writer
from schemas.codes import ErrorCode
from schemas.errors import Refused
from schemas.events import Event
from schemas.payloads import Scheduled
from schemas.types import EventType as E
from statemachine.instance import Instance
from statemachine.policy import Policy
from tests.integration.test_replay import LIFE, Clock, event, live
from tests.support.tampering import as_owner

DROPPED = "DROP TABLE instances"
DEFINITION = r"""
SELECT string_agg(line, E'\n' ORDER BY line) FROM (
    SELECT indexdef FROM pg_indexes WHERE tablename = 'instances' AND schemaname = 'public'
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'instances'::regclass
    UNION ALL SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attgenerated,
        pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = 'instances'::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT reloptions::text FROM pg_class WHERE oid = 'instances'::regclass
) _(line)
"""
ROWS = "SELECT string_agg(to_jsonb(i)::text, E'\n' ORDER BY id) FROM instances i"
TIMERS = "SELECT string_agg(concat_ws(' ', event_id, subject, {due}), E'\n' ORDER BY event_id) FROM outbox WHERE timer"
ALL_TIMERS = TIMERS.format(due="available_at, encode(body, 'hex')")


@pytest_asyncio.fixture
async def shops(engine: AsyncEngine) -> list[Instance]:
    """One in the trash after a whole life, one that deploys, one in error, one that initialises."""
    writer = Writer(engine, Policy(), clock=Clock())
    shops = [await live(writer, "trashed"), await live(writer, "deploying", 6), await live(writer, "error", 13)]
    begun = await live(writer, "initializing", 6)
    [result] = await writer.apply([event(E.DEPLOY_SCHEDULED, Scheduled(node="node-1"), begun)])
    assert result.instance is not None
    return [*shops, result.instance]


async def ask(url: str, query: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(query))
    finally:
        await connection.close()


async def built(url: str) -> Report:
    async with operating(url) as connection:
        return await build(connection, lambda _: None)


async def swapped(url: str, *, leave_out: bool = False) -> Swapped:
    async with operating(url) as connection:
        await build(connection, lambda _: None)
        return await swap(connection, "operator:alice", "the table was dropped", leave_out=leave_out)


async def agrees(url: str) -> bool:
    return (await verify(url, Selection(), lambda _: None)).differing == 0


async def test_what_is_made_from_the_log_is_the_live_table_to_the_last_value(
    database: str, shops: list[Instance]
) -> None:
    told: list[int] = []
    async with operating(database) as connection:
        report = await build(connection, lambda now: told.append(now.rows))
    assert report.agrees, report
    assert (report.instances, report.rows, told) == (4, report.total, [report.total])
    assert await ask(database, ROWS) == await ask(
        database, ROWS.replace("FROM instances", "FROM reprise_rebuilt.instances")
    )


async def test_each_value_that_was_damaged_is_named_and_mended(database: str, shops: list[Instance]) -> None:
    trashed, deploying, error, initializing = shops
    before = await ask(database, ROWS)
    await as_owner(
        database,
        f"UPDATE instances SET state = 'pending', attempt = 7, has_run = false WHERE id = '{trashed.id}'",
        f"UPDATE instances SET error_code = 'no such code', chain = 'x' WHERE id = '{error.id}'",
        f"DELETE FROM instances WHERE id = '{deploying.id}'",
        f"UPDATE instances SET request = jsonb_set(request, '{{cpu}}', '\"9\"') WHERE id = '{initializing.id}'",
    )
    report = await built(database)
    assert report.differing == 4
    found = {(each.instance_id, each.field): (each.live, each.rebuilt) for each in report.differences}
    assert found[trashed.id, "attempt"] == (7, 2)
    assert found[trashed.id, "status"] == ("creating", "trashed")
    assert found[error.id, "error_code"] == ("no such code", "insufficient_resources")
    assert found[deploying.id, "row"] == (None, "deploying")
    assert found[initializing.id, "request"][0]["cpu"] == "9"
    assert (error.id, "chain") in found
    done = await swapped(database)
    assert (done.instances, done.differed, done.kept, done.left_out) == (4, 4, 0, 0)
    assert await ask(database, ROWS) == before.replace('"overdue": 2', '"overdue": 1')
    assert await agrees(database)


async def test_a_table_that_was_dropped_is_there_again_as_it_was(
    database: str, shops: list[Instance], engine: AsyncEngine
) -> None:
    rows, definition = await ask(database, ROWS), await ask(database, DEFINITION)
    await as_owner(database, DROPPED)
    report = await built(database)
    assert (report.gone, report.differing, report.agrees) == (True, 4, False)
    done = await swapped(database)
    assert (done.instances, done.differed, done.kept) == (4, 4, 0)
    assert await ask(database, DEFINITION) == definition
    assert await ask(database, ROWS) == rows.replace('"overdue": 2', '"overdue": 1')
    assert await agrees(database)
    writer = Writer(engine, Policy())
    [result] = await writer.apply([event(E.RETRY_REQUESTED, None, shops[2])])
    assert (result.outcome, result.instance and result.instance.state) == ("applied", "pending")


async def test_an_index_and_a_constraint_that_went_are_named_and_made_anew(
    database: str, shops: list[Instance]
) -> None:
    definition = await ask(database, DEFINITION)
    await as_owner(
        database,
        "DROP INDEX instances_name_is_unique",
        "ALTER TABLE instances DROP CONSTRAINT state_is_known",
        "ALTER TABLE instances ALTER COLUMN status DROP EXPRESSION",
        "CREATE INDEX mine ON instances (job_id)",
    )
    report = await built(database)
    assert report.differing == 0
    assert {line.partition(" (")[0][:45] for line in report.structure} == {
        "without UNIQUE INDEX instances_name_is_unique",
        "without constraint state_is_known CHECK",
        "without column status text NOT NULL GENERATED",
        "with column status text NOT NULL",
        "with INDEX mine USING btree",
    }
    await swapped(database)
    assert await ask(database, DEFINITION) == definition


async def test_owner_and_rights_are_those_of_the_table_as_it_was(database: str, shops: list[Instance]) -> None:
    owner, reader = f"owner_{uuid4().hex[:8]}", f"reader_{uuid4().hex[:8]}"
    rights = "SELECT concat_ws(' ', pg_get_userbyid(relowner), relacl) FROM pg_class WHERE oid = 'instances'::regclass"
    with_roles = (f'CREATE ROLE "{owner}"', f'CREATE ROLE "{reader}"')
    try:
        await as_owner(
            database,
            *with_roles,
            f'ALTER TABLE instances OWNER TO "{owner}"',
            f'GRANT SELECT, UPDATE ON instances TO "{reader}" WITH GRANT OPTION',
            "GRANT SELECT ON instances TO PUBLIC",
            f'ALTER TABLE outbox OWNER TO "{owner}"',
            f'GRANT SELECT, INSERT ON outbox TO "{reader}"',
            "UPDATE instances SET attempt = 7",
        )
        before = await ask(database, rights)
        await swapped(database)
        assert await ask(database, rights) == before
        await as_owner(database, DROPPED)
        await swapped(database)
        of_outbox = await ask(database, rights.replace("'instances'", "'outbox'"))
        assert await ask(database, rights) == of_outbox
        assert f"{reader}=ar/" in of_outbox
    finally:
        await as_owner(database, f'DROP OWNED BY "{owner}", "{reader}"', f'DROP ROLE "{owner}", "{reader}"')


async def test_a_broken_trail_makes_no_row_and_the_live_one_is_kept(database: str, shops: list[Instance]) -> None:
    trashed, deploying, *_ = shops
    await as_owner(
        database,
        f"UPDATE audit_log SET actor = 'cli:eve' WHERE instance_id = '{trashed.id}' AND sequence = 4",
        f"UPDATE instances SET attempt = 7 WHERE id IN ('{trashed.id}', '{deploying.id}')",
    )
    report = await built(database)
    [broken] = report.breaks
    assert (broken.instance_id, broken.sequence, report.broken) == (trashed.id, 4, 1)
    assert Unlike(trashed.id, "row", "trashed", None) in report.differences
    done = await swapped(database)
    assert (done.instances, done.differed, done.kept) == (4, 1, 1)
    found = "SELECT attempt FROM instances WHERE id = '{}'"
    assert await ask(database, found.format(trashed.id)) == "7"
    assert await ask(database, found.format(deploying.id)) == "1"


@pytest.mark.parametrize(("removed", "why"), [(1, "rows 6 to 6"), (6, "rows 1 to 6")])
async def test_an_instance_never_goes_back_to_where_a_trail_was_cut(
    database: str, shops: list[Instance], removed: int, why: str
) -> None:
    """The rest decides again as it should: only the ids of events tell that there were more."""
    victim = shops[1]
    await as_owner(database, f"DELETE FROM audit_log WHERE instance_id = '{victim.id}' AND sequence > {6 - removed}")
    report = await built(database)
    assert [(each.instance_id, each.why) for each in report.breaks] == [(victim.id, f"{why} were removed from its end")]
    done = await swapped(database)
    assert (done.instances, done.differed, done.kept) == (4, 0, 1)
    assert await ask(database, f"SELECT state FROM instances WHERE id = '{victim.id}'") == "deploying"


async def test_a_broken_trail_without_a_row_is_only_left_out_when_told(database: str, shops: list[Instance]) -> None:
    victim = shops[0].id
    await as_owner(database, f"DELETE FROM audit_log WHERE instance_id = '{victim}' AND sequence = 3", DROPPED)
    with pytest.raises(Refused, match=r"1 instance has a broken trail and no row to keep; say --leave-out"):
        await swapped(database)
    assert await ask(database, "SELECT to_regclass('instances')") == "None"
    done = await swapped(database, leave_out=True)
    assert (done.instances, done.left_out) == (3, 1)


async def test_what_is_decided_between_copy_and_swap_is_there(
    database: str, shops: list[Instance], engine: AsyncEngine
) -> None:
    writer = Writer(engine, Policy())
    async with operating(database) as connection:
        await build(connection, lambda _: None)
        await writer.apply([event(E.RETRY_REQUESTED, None, shops[2])])
        late = await live(writer, "late", 3)
        done = await swap(connection, "operator:alice", "drill")
    assert (done.instances, done.differed) == (5, 0)
    assert await agrees(database)
    found = await instances.get_many(engine, [late.id, shops[2].id])
    assert {found[late.id].state, found[shops[2].id].state} == {"allocating_database", "pending"}


async def test_writers_wait_for_the_swap_and_go_on_with_the_new_table(database: str, engine: AsyncEngine) -> None:
    """Several write without a pause, before, during and after: nothing is lost, refused, or decided twice."""
    writers = [Writer(engine, Policy()) for _ in range(4)]
    over = asyncio.Event()

    async def keep_writing(number: int) -> int:
        count = 0
        while not over.is_set():
            await live(writers[number], f"shop-{number}-{count}", 18)
            count += 1
        return count

    writing = [asyncio.create_task(keep_writing(number)) for number in range(4)]
    for _ in range(3):
        await swapped(database)
    over.set()
    lived = sum(await asyncio.gather(*writing))
    report = await verify(database, Selection(), lambda _: None)
    assert (report.instances, report.differences) == (lived, [])
    assert lived > 4
    assert await ask(database, "SELECT count(*) FROM instances WHERE state <> 'running'") == "0"


async def test_a_lock_that_is_not_to_be_had_is_told_and_nothing_is_changed(
    database: str, shops: list[Instance], engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swapping, "PATIENCE", 0.05)
    before = await ask(database, "SELECT 'instances'::regclass::oid")
    async with engine.connect() as holding:
        await holding.exec_driver_sql("SELECT 1 FROM instances")
        with pytest.raises(Refused, match="locked by a long transaction"):
            await swapped(database)
    assert await ask(database, "SELECT 'instances'::regclass::oid") == before


async def test_one_rebuild_at_a_time(database: str) -> None:
    async with operating(database):
        with pytest.raises(Refused, match="another rebuild is under way"):
            async with operating(database):
                pass


@contextmanager
def refused(what: str) -> Iterator[None]:
    with pytest.raises(Refused, match=what):
        yield


async def test_what_would_go_on_with_the_old_table_is_named(database: str, shops: list[Instance]) -> None:
    await as_owner(database, "CREATE VIEW failed AS SELECT id FROM instances WHERE state = 'error'")
    with refused("drop them first, and make them anew: rule _RETURN on view failed"):
        await swapped(database)
    await as_owner(
        database,
        "DROP VIEW failed",
        "CREATE PUBLICATION told FOR TABLE instances",
        "CREATE TRIGGER mine AFTER DELETE ON instances EXECUTE FUNCTION refuse_change()",
    )
    with refused("publication of table instances in publication told, trigger mine on table instances"):
        await swapped(database)


async def test_two_instances_of_one_name_are_told(database: str, shops: list[Instance], engine: AsyncEngine) -> None:
    """The row was removed, and the name given away before anybody noticed."""
    await as_owner(database, f"DELETE FROM instances WHERE id = '{shops[1].id}'")
    await live(Writer(engine, Policy()), "deploying", 0)
    with refused(r"two instances .* have one name; delete one first: Key .*=\(acme, deploying\)"):
        await built(database)


def kinds(timers: str) -> list[str]:
    return sorted(line.split()[1].split(".", 2)[2] for line in timers.splitlines())


async def test_timers_that_were_lost_are_put_back_as_they_were(
    database: str, shops: list[Instance], engine: AsyncEngine
) -> None:
    """But for the one that sends a command again: it is due at once, and it is the one that will be accepted."""
    await as_owner(database, "DELETE FROM outbox WHERE subject LIKE '%.step.overdue'")
    before = await ask(database, ALL_TIMERS)
    assert kinds(before) == ["deploy.timeout", "init.timeout", "purge.due"]
    await as_owner(database, "TRUNCATE outbox")
    report = await built(database)
    assert (report.differing, report.without_timers, report.agrees) == (0, 3, False)
    done = await swapped(database)
    after = await ask(database, ALL_TIMERS)
    [again] = set(after.splitlines()) - set(before.splitlines())
    assert (kinds(again), len(after.splitlines()), done.timers) == (["step.overdue"], 4, 4)
    now = "SELECT available_at BETWEEN now() - interval '1 minute' AND now() FROM outbox WHERE subject LIKE '%.overdue'"
    assert await ask(database, now) == "True"
    timer = Event.decode(bytes.fromhex(again.split()[-1]))
    [result] = await Writer(engine, Policy()).apply([timer])
    assert (result.outcome, result.event.instance_id) == ("applied", shops[0].id)
    assert await ask(database, "SELECT string_agg(subject, ' ') FROM outbox WHERE NOT timer") == (
        f"instances.{shops[0].id}.deploy.stop"
    )


async def test_whatever_an_instance_waits_for_is_put_back(database: str, engine: AsyncEngine) -> None:
    """After each event of a life in turn; those of commands that are repeated have a moment of their own."""
    for number in range(len(LIFE) + 1):
        await live(Writer(engine, Policy(retry_causes=(ErrorCode.INSUFFICIENT_RESOURCES,))), f"shop-{number}", number)
    deadlines = f"{ALL_TIMERS} AND subject NOT LIKE '%.step.overdue'"
    repeated = """SELECT string_agg(DISTINCT name, ' ' ORDER BY name)
        FROM outbox o JOIN instances i ON i.id = instance_id WHERE subject LIKE '%.step.overdue'"""
    before = await ask(database, deadlines), await ask(database, repeated)
    assert {*kinds(before[0])} == {"database.timeout", "deploy.timeout", "init.timeout", "retry.due", "purge.due"}
    await as_owner(database, "TRUNCATE outbox", DROPPED)
    await swapped(database)
    assert (await ask(database, deadlines), await ask(database, repeated)) == before


async def test_timers_that_are_there_are_left_alone(database: str, shops: list[Instance]) -> None:
    before = await ask(database, ALL_TIMERS)
    await as_owner(database, f"UPDATE instances SET attempt = 7 WHERE id = '{shops[2].id}'")
    done = await swapped(database)
    assert (done.differed, done.timers) == (1, 0)
    assert await ask(database, ALL_TIMERS) == before


async def test_timers_of_another_step_make_way(database: str, engine: AsyncEngine, shops: list[Instance]) -> None:
    """Those of a row that was damaged and moved on by it would end a step that is long over."""
    before = await ask(database, ALL_TIMERS)
    await as_owner(
        database,
        f"UPDATE instances SET step = 90 WHERE id = '{shops[3].id}'",
        f"UPDATE outbox SET body = 'x', event_id = gen_random_uuid() WHERE instance_id = '{shops[3].id}' AND timer",
    )
    assert (await swapped(database)).timers == 1
    assert await ask(database, ALL_TIMERS) == before


async def test_a_swap_is_recorded_and_the_record_cannot_be_changed(database: str, shops: list[Instance]) -> None:
    await as_owner(database, DROPPED)
    await swapped(database)
    recorded = await ask(
        database, "SELECT concat_ws(' ', actor, reason, instances, differed, kept, left_out, timers) FROM rebuilds"
    )
    assert recorded.startswith("operator:alice the table was dropped 4 4 0 0 ")
    for change in ("UPDATE rebuilds SET reason = ''", "DELETE FROM rebuilds", "TRUNCATE rebuilds"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await ask(database, change)


async def test_the_table_as_it_was_is_kept(database: str, shops: list[Instance]) -> None:
    await as_owner(database, "UPDATE instances SET attempt = 7")
    await swapped(database)
    await as_owner(database, "UPDATE instances SET attempt = 8")
    await swapped(database)
    assert await ask(database, "SELECT string_agg(attempt::text, ' ') FROM reprise_replaced.instances") == "8 8 8 8"
    assert await ask(database, "SELECT to_regnamespace('reprise_rebuilt')") == "None"
