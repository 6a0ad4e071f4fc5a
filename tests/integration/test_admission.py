"""Who may deploy next, on a real PostgreSQL: places, the queue, and what takes none."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.admission import LOCK, admit
from persistence.writer import Writer
from schemas.events import Actor, Event, wish
from schemas.payloads import DatabaseAllocated, Nothing, Progress, ProvisionRequested
from schemas.requests import Closed, InstanceRequest
from schemas.types import EventType as E
from statemachine.decision import Outcome
from statemachine.policy import Policy
from tests.support.waiting import until

ALICE = Actor("cli", "alice")
DATABASE = DatabaseAllocated(db_server_id="s", host="h", port=5432, database="d", username="u")


class Clock:
    """Each look at it is a millisecond later."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(engine: AsyncEngine, clock: Clock) -> Writer:
    return Writer(engine, Policy(deploy_timeout=180), clock=clock)


async def provision(writer: Writer, **request: object) -> UUID:
    identity = uuid4()
    wanted = ProvisionRequested(
        customer_id="acme", name=f"shop-{identity.hex[:8]}", request=InstanceRequest.model_validate(request)
    )
    await wishes(writer, E.PROVISION_REQUESTED, identity, wanted)
    return identity


async def wishes(writer: Writer, event_type: E, identity: UUID, data: Closed | None = None) -> None:
    [result] = await writer.apply([wish(event_type, identity, ALICE, writer.clock(), data)])
    assert result.outcome is Outcome.APPLIED, result.why


async def fact(writer: Writer, event_type: E, identity: UUID, data: Closed) -> None:
    async with writer.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT job_id, attempt, step FROM instances WHERE id = :id"), {"id": identity}
        )
        row = found.one()
    event = Event(
        id=uuid4(),
        type=event_type,
        instance_id=identity,
        time=writer.clock(),
        actor=Actor("test", "test"),
        data=data,
        correlation_id=row.job_id,
        attempt=row.attempt,
        step=row.step,
    )
    [result] = await writer.apply([event])
    assert result.outcome is Outcome.APPLIED, result.why


async def admitted(writer: Writer, places: int) -> list[UUID]:
    return [result.event.instance_id for result in await admit(writer, places)]


async def test_who_came_first_is_first_and_no_more_than_there_are_places(writer: Writer) -> None:
    order = [await provision(writer) for _ in range(3)]
    assert await admitted(writer, 2) == order[:2]
    assert await admitted(writer, 2) == []
    await wishes(writer, E.CANCEL_REQUESTED, order[0])
    assert await admitted(writer, 2) == [order[2]]


async def test_many_who_admit_at_once_give_no_place_twice(writer: Writer, engine: AsyncEngine) -> None:
    for _ in range(10):
        await provision(writer)
    await asyncio.gather(*(admit(writer, 3) for _ in range(8)))
    async with engine.connect() as connection:
        deploying = await connection.execute(text("SELECT count(*) FROM instances WHERE state <> 'pending'"))
        assert deploying.scalar_one() == 3


async def test_counting_the_places_waits_for_whoever_is_giving_them_away(writer: Writer, engine: AsyncEngine) -> None:
    first = await provision(writer)

    async def waits() -> bool:
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with engine.connect() as connection:
            return bool((await connection.execute(text(query))).scalar_one())

    async with engine.begin() as connection:
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock($1)", (LOCK,))
        admitting = asyncio.create_task(admitted(writer, 1))
        await until(waits, what="admission to wait")
    assert await admitting == [first]


async def test_who_is_held_keeps_the_place_in_the_queue_and_lets_others_pass(writer: Writer) -> None:
    first, second, third = [await provision(writer) for _ in range(3)]
    await wishes(writer, E.HOLD_REQUESTED, first)
    assert await admitted(writer, 1) == [second]
    await wishes(writer, E.RELEASE_REQUESTED, first)
    await wishes(writer, E.CANCEL_REQUESTED, second)
    assert await admitted(writer, 1) == [first]
    await wishes(writer, E.CANCEL_REQUESTED, first)
    assert await admitted(writer, 1) == [third]


async def test_a_retry_queues_behind_those_who_wait(writer: Writer) -> None:
    first = await provision(writer)
    await wishes(writer, E.CANCEL_REQUESTED, first)
    second = await provision(writer)
    await wishes(writer, E.RETRY_REQUESTED, first)
    assert await admitted(writer, 1) == [second]


async def test_who_waits_patiently_for_room_holds_no_place_after_the_ordinary_deadline(
    writer: Writer, clock: Clock
) -> None:
    patient, next_one = await provision(writer, patience="24h"), await provision(writer)
    assert await admitted(writer, 1) == [patient]
    await fact(writer, E.DATABASE_ALLOCATED, patient, DATABASE)
    await fact(writer, E.DEPLOY_APPLIED, patient, Nothing())
    await fact(writer, E.DEPLOY_PROGRESSING, patient, Progress(cause="0/1 nodes are available."))
    clock.now += timedelta(seconds=179)
    assert await admitted(writer, 1) == []
    clock.now += timedelta(seconds=2)
    assert await admitted(writer, 1) == [next_one]
