"""The one writer, on a real PostgreSQL."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.chain import Entry
from persistence.engine import make_engine
from persistence.tables import audit_log
from persistence.writer import Writer
from schemas.events import Actor, Event, wish
from schemas.payloads import PAYLOADS, ProvisionRequested
from schemas.requests import Closed
from schemas.types import EventType as E
from statemachine.decision import Outcome
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from tests.support.waiting import until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = Actor("cli", "alice")


def provision(name: str = "shop", instance_id: UUID | None = None) -> Event:
    return wish(
        E.PROVISION_REQUESTED, instance_id or uuid4(), ALICE, NOW, ProvisionRequested(customer_id="c", name=name)
    )


def fact(instance: Instance, event_type: E, data: Closed | None = None, step: int | None = None) -> Event:
    return Event(
        id=uuid4(),
        type=event_type,
        instance_id=instance.id,
        time=NOW,
        actor=Actor("watcher", "watcher"),
        data=data if data is not None else PAYLOADS[event_type](),
        correlation_id=instance.job_id,
        attempt=instance.attempt,
        step=instance.step if step is None else step,
    )


@pytest.fixture
def writer(engine: AsyncEngine) -> Writer:
    return Writer(engine, Policy(), clock=lambda: NOW)


async def scalars(engine: AsyncEngine, sql: str) -> list[object]:
    async with engine.connect() as connection:
        return list((await connection.execute(text(sql))).scalars())


async def test_a_batch_writes_instance_audit_and_outbox_together(writer: Writer, engine: AsyncEngine) -> None:
    created = provision()
    results = await writer.apply([created])
    assert [r.outcome for r in results] == [Outcome.APPLIED]
    instance = results[0].instance
    assert instance is not None
    admitted = await writer.apply([fact(instance, E.PROVISION_ADMITTED)])
    assert admitted[0].instance is not None
    assert admitted[0].instance.state is State.ALLOCATING_DATABASE
    assert await scalars(engine, "SELECT status || '/' || provisioning_status FROM instances") == [
        "creating/provisioning"
    ]
    assert await scalars(engine, "SELECT type FROM audit_log ORDER BY sequence") == [
        "provision.requested",
        "provision.admitted",
    ]
    subjects = await scalars(engine, "SELECT subject FROM outbox WHERE NOT timer AND subject LIKE 'instances.%'")
    assert subjects == [f"instances.{instance.id}.database.allocate"]
    timers = await scalars(engine, "SELECT subject FROM outbox WHERE timer ORDER BY available_at")
    assert [str(t).split(".", 2)[2] for t in timers] == ["step.overdue", "database.timeout"]


async def test_entering_a_state_drops_the_timers_of_the_last(writer: Writer, engine: AsyncEngine) -> None:
    instance = (await writer.apply([provision()]))[0].instance
    assert instance is not None
    instance = (await writer.apply([fact(instance, E.PROVISION_ADMITTED)]))[0].instance
    assert instance is not None
    await writer.apply([wish(E.CANCEL_REQUESTED, instance.id, ALICE, NOW)])
    timers = await scalars(engine, "SELECT subject FROM outbox WHERE timer")
    assert [str(t).split(".", 2)[2] for t in timers] == ["step.overdue"]


async def test_a_duplicate_is_counted_and_changes_nothing(writer: Writer, engine: AsyncEngine) -> None:
    event = provision()
    results = await writer.apply([event, event])
    again = await writer.apply([event])
    assert [r.outcome for r in (*results, *again)] == [Outcome.APPLIED, Outcome.DUPLICATE, Outcome.DUPLICATE]
    assert await scalars(engine, "SELECT count(*) FROM audit_log") == [1]


async def test_the_same_creation_elsewhere_at_the_same_moment_is_a_duplicate_with_its_instance(
    engine: AsyncEngine, database: str
) -> None:
    """It commits after the rows were looked for, and before the duplicates are."""
    event = provision("shop")

    async def elsewhere() -> None:
        other = make_engine(database)
        await Writer(other, Policy()).apply([event])
        await other.dispose()

    def clock() -> datetime:
        if not committed:
            committed.append(True)
            thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
            thread.start()
            thread.join()
        return NOW

    committed: list[bool] = []
    [result] = await Writer(engine, Policy(), clock=clock).apply([event])
    assert result.outcome is Outcome.DUPLICATE
    assert result.instance is not None
    assert result.instance.name == "shop"


async def test_stale_and_rejected_events_are_recorded_as_such(writer: Writer, engine: AsyncEngine) -> None:
    instance = (await writer.apply([provision()]))[0].instance
    assert instance is not None
    stale = fact(instance, E.DEPLOY_READY, step=0)
    await writer.apply([stale, wish(E.RETRY_REQUESTED, instance.id, ALICE, NOW)])
    rows = await scalars(engine, "SELECT outcome || ': ' || error FROM audit_log ORDER BY sequence OFFSET 1")
    assert rows == [
        "stale: belongs to step 0, and step 1 has begun",
        "rejected: retry.requested is not possible while the instance is pending",
    ]


async def test_a_name_is_taken_until_its_instance_is_deleted(writer: Writer) -> None:
    await writer.apply([provision("shop")])
    second = (await writer.apply([provision("shop")]))[0]
    assert (second.outcome, second.why) == (Outcome.REJECTED, "An instance of this name exists already")


async def test_twenty_writers_of_the_same_new_name_make_one(writer: Writer, engine: AsyncEngine) -> None:
    results = await asyncio.gather(*(writer.apply([provision("shop")]) for _ in range(20)))
    assert sorted(r[0].outcome for r in results).count(Outcome.APPLIED) == 1
    assert await scalars(engine, "SELECT count(*) FROM instances") == [1]


async def test_a_writer_reads_an_instance_only_once_the_one_before_has_committed(
    writer: Writer, engine: AsyncEngine
) -> None:
    instance = (await writer.apply([provision()]))[0].instance
    assert instance is not None

    async def waits() -> list[object]:
        return await scalars(
            engine, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'"
        )

    async with engine.begin() as connection:
        await connection.execute(text("UPDATE instances SET step = 7"))
        deciding = asyncio.create_task(writer.apply([fact(instance, E.DEPLOY_READY)]))
        await until(waits, what="the writer to wait for the row")
    [result] = await deciding
    assert result.why == "belongs to step 1, and step 7 has begun"


async def test_events_of_one_batch_keep_their_order_in_every_order_of_time(writer: Writer, engine: AsyncEngine) -> None:
    order = [provision(f"shop-{number}") for number in range(5)]
    await writer.apply(order)
    wanted = [event.instance_id for event in order]
    assert await scalars(engine, "SELECT id FROM instances ORDER BY queued_at") == wanted
    assert await scalars(engine, "SELECT instance_id FROM audit_log ORDER BY recorded_at") == wanted


async def test_two_retries_at_once_one_wins(writer: Writer) -> None:
    instance = (await writer.apply([provision()]))[0].instance
    assert instance is not None
    await writer.apply([wish(E.CANCEL_REQUESTED, instance.id, ALICE, NOW)])
    results = await asyncio.gather(
        *(writer.apply([wish(E.RETRY_REQUESTED, instance.id, ALICE, NOW)]) for _ in range(2))
    )
    assert sorted(r[0].outcome for r in results) == [Outcome.APPLIED, Outcome.REJECTED]


@pytest.mark.parametrize("table", ["audit_log", "event_ids"])
@pytest.mark.parametrize("change", ["UPDATE {} SET sequence = 7", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_audit_log_is_append_only(writer: Writer, engine: AsyncEngine, table: str, change: str) -> None:
    await writer.apply([provision()])
    with pytest.raises(DBAPIError, match="append-only") as refused:
        async with engine.begin() as connection:
            await connection.execute(text(change.format(table)))
    assert isinstance(refused.value.orig.__cause__, asyncpg.InsufficientPrivilegeError)  # type: ignore[union-attr]  # asyncpg's own error


async def test_a_process_that_stops_in_the_middle_of_a_transaction_does_not_keep_its_locks(
    writer: Writer, engine: AsyncEngine
) -> None:
    instance = (await writer.apply([provision()]))[0].instance
    assert instance is not None
    stopped = await engine.connect()
    try:
        await stopped.execute(text("SELECT 1 FROM instances FOR UPDATE"))
        async with asyncio.timeout(30):
            [result] = await writer.apply([wish(E.CANCEL_REQUESTED, instance.id, ALICE, NOW)])
        assert result.outcome is Outcome.APPLIED
    finally:
        await stopped.invalidate()
        await stopped.close()


async def test_the_chain_of_an_instance_is_over_every_column_of_its_rows(writer: Writer, engine: AsyncEngine) -> None:
    """What is recomputed from the table alone is what stands in it, row by row from the first."""
    instance = (await writer.apply([provision()]))[0].instance
    assert instance is not None
    await writer.apply([fact(instance, E.DEPLOY_READY, step=0), wish(E.CANCEL_REQUESTED, instance.id, ALICE, NOW)])
    async with engine.connect() as connection:
        rows = (await connection.execute(select(audit_log).order_by(audit_log.c.sequence))).mappings().all()
        tip = (await connection.execute(text("SELECT sequence, chain FROM instances"))).one()
    previous = b""
    for row in rows:
        entry = Entry(**{column: row[column] for column in row if column not in ("prev_hash", "hash")})
        assert (row["prev_hash"], row["hash"]) == (previous, entry.hashed(previous))
        previous = row["hash"]
    assert tuple(tip) == (3, previous)


async def test_raw_sql_cannot_make_the_two_words_disagree(writer: Writer, engine: AsyncEngine) -> None:
    await writer.apply([provision()])
    with pytest.raises(DBAPIError, match="can only be updated to DEFAULT"):
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE instances SET status = 'error'"))


async def test_a_preview_leaves_no_trace(writer: Writer, engine: AsyncEngine) -> None:
    results = await writer.preview([provision()])
    assert results[0].outcome is Outcome.APPLIED
    assert await scalars(engine, "SELECT count(*) FROM instances") == [0]
    assert await scalars(engine, "SELECT count(*) FROM audit_log") == [0]


async def test_a_decided_timer_leaves_the_outbox(writer: Writer, engine: AsyncEngine) -> None:
    instance = (await writer.apply([provision()]))[0].instance
    assert instance is not None
    decided = (await writer.apply([fact(instance, E.PROVISION_ADMITTED)]))[0].instance
    assert decided is not None
    async with engine.connect() as connection:
        row = (
            await connection.execute(text("SELECT event_id, available_at FROM outbox WHERE subject LIKE '%overdue'"))
        ).one()
    due = fact(decided, E.STEP_OVERDUE, PAYLOADS[E.STEP_OVERDUE].model_validate({"after": 60, "count": 1}))
    await writer.apply([replace(due, id=row.event_id)])
    assert row.available_at == NOW + timedelta(seconds=60)
    assert decided.step == 2
    assert await scalars(engine, "SELECT count(*) FROM outbox WHERE subject LIKE '%database.allocate'") == [2]
    left = await scalars(engine, "SELECT event_id FROM outbox WHERE subject LIKE '%overdue'")
    assert len(left) == 1
    assert left != [row.event_id]
