"""The brake, on a real PostgreSQL: it goes on by itself, holds everything back, and is released by a person."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence import brake
from persistence.brake import Limits
from persistence.writer import Writer
from schemas.events import Actor, Event, wish
from schemas.payloads import PAYLOADS, DatabaseAllocated, Lost, ProvisionRequested, Scheduled, TimerDue
from schemas.requests import Closed
from schemas.types import EventType as E
from statemachine.decision import Outcome
from statemachine.instance import Instance
from statemachine.policy import Policy

ALICE = Actor("cli", "alice")
LOST = Lost(cause="The Deployment is gone.")
DATABASE = DatabaseAllocated(db_server_id="s", host="h", port=5432, database="d", username="u")
LIMITS = Limits(share=0.3, at_least=3, window=600)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(engine: AsyncEngine, clock: Clock) -> Writer:
    return Writer(engine, Policy(), brake_limits=LIMITS, clock=clock)


def fact(instance: Instance, event_type: E, data: Closed | None = None) -> Event:
    return Event(
        id=uuid4(),
        type=event_type,
        instance_id=instance.id,
        time=datetime.now(UTC),
        actor=Actor("watcher", "watcher"),
        data=data if data is not None else PAYLOADS[event_type](),
        correlation_id=instance.job_id,
        attempt=instance.attempt,
        step=instance.step,
    )


async def made(writer: Writer, count: int, clock: Callable[[], datetime], *, running: bool = True) -> list[Instance]:
    """So many instances that run, or that a node has taken."""
    wanted = [ProvisionRequested(customer_id="c", name=f"i{uuid4().hex}") for _ in range(count)]
    asked = [wish(E.PROVISION_REQUESTED, uuid4(), ALICE, clock(), each) for each in wanted]
    found = [result.instance for result in await writer.apply(asked)]
    story: list[tuple[E, Closed | None]] = [
        (E.PROVISION_ADMITTED, None),
        (E.DATABASE_ALLOCATED, DATABASE),
        (E.DEPLOY_APPLIED, None),
        (E.DEPLOY_SCHEDULED, Scheduled(node="node-0")),
        *([(E.DEPLOY_READY, None)] if running else []),
    ]
    for event_type, data in story:
        results = await writer.apply([fact(instance, event_type, data) for instance in found if instance])
        assert {result.outcome for result in results} == {Outcome.APPLIED}
        found = [result.instance for result in results]
    return [instance for instance in found if instance]


async def lose(writer: Writer, instances: list[Instance]) -> list[Outcome]:
    return [r.outcome for r in await writer.apply([fact(each, E.DEPLOY_LOST, LOST) for each in instances])]


async def states(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT state, count(*) FROM instances GROUP BY state"))
        return {row[0]: row[1] for row in rows}


async def test_a_few_that_are_lost_are_healed(writer: Writer, engine: AsyncEngine, clock: Clock) -> None:
    instances = await made(writer, 10, clock)
    assert await lose(writer, instances[:3]) == [Outcome.APPLIED] * 3
    assert await brake.engaged(engine) is None


async def test_all_that_are_lost_at_once_are_left_alone(writer: Writer, engine: AsyncEngine, clock: Clock) -> None:
    instances = await made(writer, 10, clock)
    assert await lose(writer, instances) == [Outcome.REJECTED] * 10
    assert await states(engine) == {"running": 10}
    on = await brake.engaged(engine)
    assert on is not None
    assert (on.since, on.why) == (clock.now, "10 of 10 instances were lost or timed out within 600 s")


async def test_one_after_another_counts_as_at_once_within_the_window(
    writer: Writer, engine: AsyncEngine, clock: Clock
) -> None:
    instances = await made(writer, 10, clock)
    outcomes = []
    for instance in instances[:5]:
        clock.pass_(60)
        outcomes += await lose(writer, [instance])
    assert outcomes == [Outcome.APPLIED] * 3 + [Outcome.REJECTED] * 2
    assert await states(engine) == {"degraded": 3, "running": 7}


async def test_slowly_is_not_at_once(writer: Writer, engine: AsyncEngine, clock: Clock) -> None:
    for instance in (await made(writer, 10, clock))[:6]:
        clock.pass_(LIMITS.window)
        assert await lose(writer, [instance]) == [Outcome.APPLIED]
    assert await brake.engaged(engine) is None


async def test_an_instance_that_is_lost_again_and_again_counts_once(writer: Writer, clock: Clock) -> None:
    [flapping, *_] = await made(writer, 5, clock)
    for _ in range(6):
        [result] = await writer.apply([fact(flapping, E.DEPLOY_LOST, LOST)])
        assert result.outcome is Outcome.APPLIED
        assert result.instance is not None
        [result] = await writer.apply([fact(result.instance, E.DEPLOY_READY)])
        assert result.instance is not None
        flapping = result.instance


async def test_deadlines_wait_and_their_timers_are_kept_until_the_release(
    writer: Writer, engine: AsyncEngine, clock: Clock
) -> None:
    instances = await made(writer, 5, clock, running=False)
    clock.pass_(900)
    timers = [fact(each, E.INIT_TIMEOUT, TimerDue(after=900)) for each in instances]
    await _use_ids_of_the_outbox(engine, timers)
    assert {r.outcome for r in await writer.apply(timers)} == {Outcome.REJECTED}
    assert await _timers(engine) == 5
    assert await states(engine) == {"initializing": 5}

    assert await brake.release(engine, "api:alice", "the nodes are back", clock()) is not None
    clock.pass_(1)
    assert {r.outcome for r in await writer.apply(timers)} == {Outcome.APPLIED}, "the very same timers, decided now"
    assert await states(engine) == {"cleaning_up": 5}
    assert await brake.engaged(engine) is None, "a person has looked: it does not go on again at once"


async def test_what_the_cluster_explains_is_given_up_however_many_there_are(
    writer: Writer, engine: AsyncEngine, clock: Clock
) -> None:
    instances = await made(writer, 5, clock, running=False)
    told = PAYLOADS[E.DEPLOY_PROGRESSING].model_validate({"error_code": "image_pull", "cause": "no such image"})
    await writer.apply([fact(each, E.DEPLOY_PROGRESSING, told) for each in instances])
    results = await writer.apply([fact(each, E.INIT_TIMEOUT, TimerDue(after=900)) for each in instances])
    assert {r.outcome for r in results} == {Outcome.APPLIED}


async def test_it_goes_on_again_when_more_are_lost_after_the_window(
    writer: Writer, engine: AsyncEngine, clock: Clock
) -> None:
    instances = await made(writer, 10, clock)
    await lose(writer, instances)
    await brake.release(engine, "api:alice", "it seemed fine", clock())
    assert await lose(writer, instances[:5]) == [Outcome.APPLIED] * 5
    clock.pass_(LIMITS.window + 1)
    assert await lose(writer, instances[5:]) == [Outcome.REJECTED] * 5


async def test_one_release_is_enough_and_is_recorded(writer: Writer, engine: AsyncEngine, clock: Clock) -> None:
    await lose(writer, await made(writer, 5, clock))
    assert await brake.release(engine, "api:alice", "looked", clock()) is not None
    assert await brake.release(engine, "api:bob", "looked", clock()) is None
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT released_by, reason FROM brakes"))).all()
    assert [tuple(row) for row in rows] == [("api:alice", "looked")]


async def _use_ids_of_the_outbox(engine: AsyncEngine, timers: list[Event]) -> None:
    """The timers as they were set, so that deciding them would remove them."""
    statement = text("UPDATE outbox SET event_id = :event WHERE timer AND instance_id = :instance")
    async with engine.begin() as connection:
        for timer in timers:
            await connection.execute(statement, {"event": timer.id, "instance": timer.instance_id})


async def _timers(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM outbox WHERE timer"))).scalar_one())
