"""The automatic retry on a real PostgreSQL: planned, counted, recorded, due, and the job it begins."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence import audit, instances
from persistence.searching import AuditFilter
from persistence.writer import Writer
from schemas.codes import ErrorCode
from schemas.events import Actor, Event, wish
from schemas.payloads import ProvisionRequested
from schemas.types import EventType as E
from statemachine.decide import decide
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from tests.unit.statemachine.scenario import sample

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = Actor("cli", "alice")
POLICY = Policy(retry_causes=(ErrorCode.DATABASE_UNAVAILABLE,), retry_attempts=2, retry_first=100)


@pytest.fixture
def writer(engine: AsyncEngine) -> Writer:
    return Writer(engine, POLICY, clock=lambda: NOW)


async def applied(writer: Writer, event: Event) -> Instance:
    [result] = await writer.apply([event])
    assert result.instance is not None, result.why
    return result.instance


async def fact(writer: Writer, instance: Instance, event_type: E) -> Instance:
    event = Event(
        id=uuid4(),
        type=event_type,
        instance_id=instance.id,
        time=NOW,
        actor=Actor("effect", "effect"),
        data=sample(event_type, instance),
        correlation_id=instance.job_id,
        attempt=instance.attempt,
        step=instance.step,
    )
    return await applied(writer, event)


async def failed(writer: Writer, instance: Instance) -> Instance:
    for event_type in (E.PROVISION_ADMITTED, E.DATABASE_FAILED, E.CLEANUP_COMPLETED):
        instance = await fact(writer, instance, event_type)
    return instance


async def new(writer: Writer) -> Instance:
    data = ProvisionRequested(customer_id="acme", name="shop")
    return await applied(writer, wish(E.PROVISION_REQUESTED, uuid4(), ALICE, NOW, data))


async def planned(engine: AsyncEngine) -> tuple[Event, datetime]:
    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT body, available_at FROM outbox WHERE timer"))).one()
    return Event.decode(row.body), row.available_at


async def test_a_planned_retry_is_an_event_of_the_future_and_begins_the_next_attempt(
    writer: Writer, engine: AsyncEngine
) -> None:
    instance = await failed(writer, await new(writer))
    timer, due = await planned(engine)
    assert (timer.type, instance.state, due) == (E.RETRY_DUE, State.ERROR, instance.deadline_at)
    assert NOW + timedelta(seconds=50) <= due <= NOW + timedelta(seconds=100)
    await applied(writer, timer)
    again = await instances.get(engine, instance.id)
    assert again is not None
    assert (again.state, again.attempt, again.auto_retries, again.job_id) == (State.PENDING, 2, 1, timer.id)


async def test_the_count_survives_clean_ups_and_ends_the_retries(writer: Writer, engine: AsyncEngine) -> None:
    instance = await failed(writer, await new(writer))
    for number in (1, 2):
        timer, _ = await planned(engine)
        instance = await failed(writer, await applied(writer, timer))
        assert instance.auto_retries == number
    async with engine.connect() as connection:
        timers = await connection.execute(text("SELECT count(*) FROM outbox WHERE timer"))
        assert timers.scalar_one() == 0
    assert instance.deadline_at is None


async def test_the_audit_log_names_the_policy_and_the_job_has_its_own_end(writer: Writer, engine: AsyncEngine) -> None:
    instance = await failed(writer, await new(writer))
    timer, _ = await planned(engine)
    await failed(writer, await applied(writer, timer))
    first, second = await audit.job(engine, instance.job_id), await audit.job(engine, timer.id)
    assert first is not None
    assert second is not None
    assert (first.status, first.attempt) == ("failed", 1)
    assert (second.status, second.attempt, second.type) == ("failed", 2, "retry.due")
    rows, _ = await audit.page(engine, AuditFilter(type="retry.due"))
    assert [(row.actor, row.state_before, row.state_after) for row in rows] == [("policy:retry", "error", "pending")]


async def test_deciding_again_under_the_recorded_policy_plans_the_same(writer: Writer, engine: AsyncEngine) -> None:
    before = await fact(writer, await new(writer), E.PROVISION_ADMITTED)
    before = await fact(writer, before, E.DATABASE_FAILED)
    await fact(writer, before, E.CLEANUP_COMPLETED)
    timer, due = await planned(engine)
    query = text("SELECT event, policy, recorded_at FROM audit_log WHERE type = 'cleanup.completed'")
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one()
    policy = Policy.decode(row.policy)
    [again] = decide(before, Event.decode(row.event), row.recorded_at, policy).timers
    assert policy == POLICY
    assert (again.event.encode(), again.due) == (timer.encode(), due)
