"""Verifying the audit log on a real PostgreSQL: a history of every kind agrees, and whatever was touched is named."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.trails import fill
from persistence.chain import Entry
from persistence.replay import Report, Selection, identify, verify
from persistence.verifying import OtherWay
from persistence.writer import Writer
from schemas.codes import ErrorCode
from schemas.errors import NotFound, Refused
from schemas.events import Actor, Event, wish
from schemas.payloads import (
    PAYLOADS,
    DatabaseAllocated,
    DeleteRequested,
    Progress,
    ProvisionRequested,
    Receipt,
    RetryRequested,
    Scheduled,
    TimerDue,
)
from schemas.requests import Closed, RequestChange
from schemas.types import WISHES
from schemas.types import EventType as E
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from statemachine.table import EDGES, Edge
from statemachine.walk import walker
from tests.support.tampering import as_owner

ALICE = Actor("cli", "alice")
ROOM = Progress(error_code=ErrorCode.INSUFFICIENT_RESOURCES, cause="0/1 nodes are available: 1 Insufficient cpu.")
DATABASE = DatabaseAllocated(db_server_id="s", host="h", port=5432, database="d", username="u")
LIFE: tuple[tuple[E, Closed | None], ...] = (
    (E.PROVISION_ADMITTED, None),
    (E.STEP_OVERDUE, TimerDue(after=60, count=1)),
    (E.STEP_OVERDUE, TimerDue(after=60, count=2)),
    (E.STEP_OVERDUE, TimerDue(after=60, count=2)),
    (E.DATABASE_ALLOCATED, DATABASE),
    (E.DEPLOY_APPLIED, None),
    (E.DEPLOY_PROGRESSING, ROOM),
    (E.DEPLOY_PROGRESSING, ROOM),
    (E.HOLD_REQUESTED, None),
    (E.RELEASE_REQUESTED, None),
    (E.DEPLOY_TIMEOUT, TimerDue(after=180)),
    (E.STOP_REQUESTED, None),
    (E.CLEANUP_COMPLETED, Receipt(objects=())),
    (E.RETRY_REQUESTED, RetryRequested(change=RequestChange(memory="2Gi"))),
    (E.PROVISION_ADMITTED, None),
    (E.DATABASE_ALLOCATED, DATABASE),
    (E.DEPLOY_SCHEDULED, Scheduled(node="node-1")),
    (E.DEPLOY_READY, None),
    (E.DELETE_REQUESTED, DeleteRequested()),
    (E.STEP_OVERDUE, TimerDue(after=60, count=1)),
    (E.STEP_OVERDUE, TimerDue(after=60, count=2)),
)
"""A failure, a hold, a refusal, a retry that passes, the trash; what repeats itself and leaves no row."""


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=3)
        return self.now


def event(kind: E, data: Closed | None, instance: Instance) -> Event:
    payload, now = data if data is not None else PAYLOADS[kind](), datetime.now(UTC)
    if kind in WISHES:
        return wish(kind, instance.id, ALICE, now, payload, reason="because")
    by = Actor("watcher", "watcher")
    return Event(uuid4(), kind, instance.id, now, by, payload, instance.job_id, instance.attempt, instance.step)


async def live(writer: Writer, name: str, until: int = len(LIFE)) -> Instance:
    data = ProvisionRequested(customer_id="acme", name=name)
    instance = (await writer.apply([wish(E.PROVISION_REQUESTED, uuid4(), ALICE, datetime.now(UTC), data)]))[0].instance
    for kind, payload in LIFE[:until]:
        assert instance is not None
        instance = (await writer.apply([event(kind, payload, instance)]))[0].instance
    assert instance is not None
    return instance


@pytest_asyncio.fixture
async def shops(engine: AsyncEngine) -> list[Instance]:
    """Three instances: two that lived through all of it, and one that is on its way."""
    writer = Writer(engine, Policy(), clock=Clock())
    shops = [await live(writer, "shop-1"), await live(writer, "shop-2"), await live(writer, "shop-3", 5)]
    return sorted(shops, key=lambda shop: shop.id)


ALL = Selection()


async def verified(url: str, wanted: Selection = ALL) -> Report:
    return await verify(url, wanted, lambda _: None)


async def test_a_history_of_every_kind_agrees_with_its_rows_and_the_live_instances(
    database: str, shops: list[Instance]
) -> None:
    assert {shop.state for shop in shops} == {State.TRASHED, State.DEPLOYING}
    assert max(shop.overdue for shop in shops) == 2
    told: list[int] = []
    report = await verify(database, Selection(), lambda now: told.append(now.rows))
    assert report.differences == []
    assert (report.instances, report.rows, told) == (3, report.total, [report.total])


Touched = tuple[str, int | None, str]
TOUCHED: dict[str, Touched] = {
    "a value": (
        "UPDATE audit_log SET reason = 'another' WHERE instance_id = '{id}' AND sequence = 9",
        9,
        "changed after it was recorded: reason is another in the row, and because decided again",
    ),
    "the outcome": (
        "UPDATE audit_log SET outcome = 'stale' WHERE instance_id = '{id}' AND sequence = 4",
        4,
        "changed after it was recorded: outcome is stale in the row",
    ),
    "the event's bytes": (
        "UPDATE audit_log SET event = event || ' '::bytea WHERE instance_id = '{id}' AND sequence = 4",
        4,
        "changed after it was recorded: its hash is not that of its values",
    ),
    "an event that cannot be read": (
        "UPDATE audit_log SET event = 'no event' WHERE instance_id = '{id}' AND sequence = 4",
        4,
        "changed after it was recorded: event: is no event that Reprise wrote",
    ),
    "the policy": (
        "UPDATE audit_log SET policy = 'none' WHERE instance_id = '{id}' AND sequence = 4",
        4,
        "changed after it was recorded",
    ),
    "a row from the middle": (
        "DELETE FROM audit_log WHERE instance_id = '{id}' AND sequence = 6",
        7,
        "row 6 is missing: it was removed from the audit log",
    ),
    "the last row": (
        "DELETE FROM audit_log a WHERE instance_id = '{id}' AND sequence = (SELECT sequence FROM instances "
        "WHERE id = '{id}')",
        None,
        "and the live row says",
    ),
    "the whole trail": (
        "DELETE FROM audit_log WHERE instance_id = '{id}'",
        None,
        "the instance has no trail: its rows were removed",
    ),
    "the live row": (
        "DELETE FROM instances WHERE id = '{id}'",
        None,
        "the instance has a trail and no row in instances: it was removed",
    ),
    "a value of the live row": (
        "UPDATE instances SET attempt = 7 WHERE id = '{id}'",
        None,
        "attempt is 7 in the live row, and the trail leads to ",
    ),
    "the request of the live row": (
        """UPDATE instances SET request = jsonb_set(request, '{{cpu}}', '"9"') WHERE id = '{id}'""",
        None,
        "request is ",
    ),
    "a counter that went back": (
        "UPDATE instances SET overdue = 0 WHERE id = '{id}'",
        None,
        "overdue is 0 in the live row, and the trail leads to 1",
    ),
    "a replaced tip": (
        "UPDATE instances SET chain = 'x' WHERE id = '{id}'",
        None,
        "is not the one that the live row follows",
    ),
    "two rows swapped": (
        "UPDATE audit_log SET sequence = CASE sequence WHEN 5 THEN 1006 ELSE 1005 END "
        "WHERE instance_id = '{id}' AND sequence IN (5, 6); "
        "UPDATE audit_log SET sequence = sequence - 1000 WHERE sequence > 1000",
        5,
        "prev_hash is not the hash of the row before",
    ),
}


@pytest.mark.parametrize("what", TOUCHED)
async def test_what_was_touched_is_named_and_its_neighbours_agree(
    database: str, shops: list[Instance], what: str
) -> None:
    statements, sequence, why = TOUCHED[what]
    victim = next(shop for shop in shops if shop.state is State.TRASHED)
    await as_owner(database, *statements.format(id=victim.id).split("; "))
    report = await verified(database)
    [found] = report.differences
    assert (found.instance_id, found.sequence, report.differing) == (victim.id, sequence, 1)
    assert why in found.why
    assert (await verified(database, Selection(victim.id))).differences == [found]


async def test_a_chain_that_was_rewritten_consistently_is_found_where_it_decides_otherwise(
    database: str, shops: list[Instance]
) -> None:
    """Its hashes are right; that the row could have come about is not."""
    victim = shops[0].id
    await rewrite(
        database, victim, lambda entry: entry._replace(state_after="running") if entry.sequence == 4 else entry
    )
    [found] = (await verified(database)).differences
    assert (found.instance_id, found.sequence) == (victim, 4)
    assert found.why.startswith("decided otherwise: state_after is running in the row, and ")


async def rewrite(url: str, victim: UUID, change: Callable[[Entry], Entry]) -> None:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT * FROM audit_log WHERE instance_id = $1 ORDER BY sequence", victim)
    await connection.close()
    await as_owner(url, *_rewritten(rows, victim, change))


def _rewritten(rows: list[asyncpg.Record], victim: UUID, change: Callable[[Entry], Entry]) -> Iterator[str]:
    prev = b""
    for row in rows:
        entry = change(Entry(**{name: row[name] for name in Entry._fields}))
        digest = entry.hashed(prev)
        yield (
            f"UPDATE audit_log SET state_after = '{entry.state_after}', prev_hash = '\\x{prev.hex()}', "  # noqa: S608
            f"hash = '\\x{digest.hex()}' WHERE instance_id = '{victim}' AND sequence = {entry.sequence}"
        )
        prev = digest
    yield f"UPDATE instances SET chain = '\\x{prev.hex()}' WHERE id = '{victim}'"  # noqa: S608  # a test's own values


async def test_only_instances_with_a_row_since_then_are_verified(database: str, engine: AsyncEngine) -> None:
    clock = Clock()
    writer = Writer(engine, Policy(), clock=clock)
    await live(writer, "early")
    since = clock.now + timedelta(seconds=1)
    late = await live(writer, "late")
    report = await verified(database, Selection(since=since))
    assert (report.instances, report.differences) == (1, [])
    await as_owner(database, f"UPDATE audit_log SET reason = 'x' WHERE instance_id = '{late.id}' AND sequence = 1")  # noqa: S608
    assert [found.sequence for found in (await verified(database, Selection(since=since))).differences] == [1]


def _without_a_way_out(edge: Edge) -> bool:
    return edge.event is not E.DEPLOY_TIMEOUT


async def test_another_table_names_the_instances_that_would_have_gone_another_way(
    database: str, shops: list[Instance]
) -> None:
    move = walker(filter(_without_a_way_out, EDGES))
    report = await verify(database, Selection(), lambda _: None, lambda instance_id: OtherWay(instance_id, move))
    assert {found.instance_id for found in report.differences} == {s.id for s in shops if s.state is State.TRASHED}
    assert {(found.event_type, found.why) for found in report.differences} == {
        ("deploy.timeout", "outcome is applied in the row, and rejected by the other table")
    }
    same = walker(EDGES)
    report = await verify(database, Selection(), lambda _: None, lambda instance_id: OtherWay(instance_id, same))
    assert report.differences == []


async def test_an_instance_is_named_by_its_id_or_its_name(database: str, shops: list[Instance]) -> None:
    named = {shop.name: shop.id for shop in shops}
    assert await identify(database, "shop-2") == named["shop-2"]
    assert await identify(database, str(shops[0].id)) == shops[0].id
    with pytest.raises(NotFound, match="'nothing'"):
        await identify(database, "nothing")
    await as_owner(database, "DROP INDEX instances_name_is_unique", "UPDATE instances SET name = 'shop'")
    with pytest.raises(Refused, match="3 instances are called 'shop'; use the id"):
        await identify(database, "shop")
    with pytest.raises(NotFound):
        await verified(database, Selection(uuid4()))


async def test_a_long_log_takes_little_time_a_row(database: str) -> None:
    """By this process's own time, with room for a slow machine; `python -m bench.replay` measures a million."""
    connection = await asyncpg.connect(database)
    await fill(connection, 7_000)
    await connection.close()
    began = time.process_time()
    report = await verified(database)
    assert (report.rows, report.differences) == (7_000, [])
    assert (time.process_time() - began) / report.rows < 300e-6
