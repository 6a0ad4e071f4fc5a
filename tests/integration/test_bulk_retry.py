"""The runner of bulk retries on a real PostgreSQL and a real NATS server: killed half-way, and two at once."""

import asyncio
import contextlib
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID, uuid4

import pytest_asyncio
from nats.aio.client import Client
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import stub
from bus import relay
from bus.connection import connected, jetstream
from bus.streams import ensure
from consumers import lifecycle
from persistence import bulk_retries, instances
from persistence.bulk_retries import Begun
from persistence.bulk_steps import step
from persistence.writer import Writer
from schemas.events import Actor, Event, wish
from schemas.payloads import DatabaseAllocated, Nothing, ProvisionRequested, Receipt
from schemas.requests import Closed
from schemas.retrying import BulkRetryView, RetryMany, Where
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.policy import Policy
from tests.integration.api.world import FAILURE
from tests.support.installation import served
from tests.support.parts import part
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.waiting import until

ALICE = Actor("cli", "alice")
DATABASE = DatabaseAllocated(db_server_id="s", host="h", port=5432, database="d", username="u")
FACTS: tuple[tuple[EventType, Closed], ...] = (
    (EventType.PROVISION_ADMITTED, Nothing()),
    (EventType.DATABASE_ALLOCATED, DATABASE),
    (EventType.DEPLOY_FAILED, FAILURE),
    (EventType.CLEANUP_COMPLETED, Receipt(objects=())),
)


@pytest_asyncio.fixture
async def client(settings: Settings) -> Client:
    async with connected(settings, "test") as client:
        await ensure(jetstream(client))
        yield client


async def failed(engine: AsyncEngine, number: int) -> list[UUID]:
    """Instances in error; the commands on the way there have been answered."""
    ids = [await _failed(Writer(engine, Policy()), f"shop-{each}") for each in range(number)]
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM outbox")
    return ids


async def _failed(writer: Writer, name: str) -> UUID:
    wanted = ProvisionRequested(customer_id="acme", name=name)
    begin = wish(EventType.PROVISION_REQUESTED, uuid4(), ALICE, datetime.now(UTC), wanted)
    [result] = await writer.apply([begin])
    for event_type, data in FACTS:
        before = result.instance
        assert before is not None
        at = {"attempt": before.attempt, "step": before.step, "correlation_id": before.job_id}
        fact = Event(uuid4(), event_type, before.id, datetime.now(UTC), ALICE, data, **at)
        [result] = await writer.apply([fact])
        assert result.outcome == "applied", result.why
    return begin.instance_id


async def begun(engine: AsyncEngine, expected: int, rate: str) -> UUID:
    wanted = RetryMany(where=Where(customer_id="acme"), rate=rate, expected=expected, reason="nodes were added")
    begin = Begun(uuid4(), str(ALICE), None, datetime.now(UTC))
    await bulk_retries.create(engine, begin, wanted)
    return begin.id


async def seen(engine: AsyncEngine, bulk_id: UUID) -> BulkRetryView:
    found = await bulk_retries.show(engine, bulk_id)
    assert found is not None
    return found[0]


async def wishes(engine: AsyncEngine) -> Counter[UUID]:
    """How often each instance was retried, as the audit log has it."""
    async with engine.connect() as connection:
        query = "SELECT instance_id FROM audit_log WHERE type = 'retry.requested'"
        return Counter((await connection.exec_driver_sql(query)).scalars())


async def test_a_runner_that_is_killed_half_way_is_gone_on_with_and_nobody_is_retried_twice(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    ids = await failed(engine, 12)
    bulk_id = await begun(engine, 12, "5/s")
    more = {"metrics_port": free_port(), "jwt_secret": SecretStr("s" * 32)}
    child = served(settings.model_copy(update=more), ("lifecycle",))

    async def half_way() -> bool:
        return 3 <= (await seen(engine, bulk_id)).waiting <= 9

    async def ended() -> bool:
        return (await seen(engine, bulk_id)).ended_at is not None

    async with part(relay.run, settings), part(stub.run, settings):
        async with running(child) as process:
            await until(half_way, 60, what="some to have been retried")
            process.kill()
            process.wait()
            left = (await seen(engine, bulk_id)).waiting
            assert left > 0
        async with running(child):
            await until(ended, 60, what="the bulk retry to end")
    view = await seen(engine, bulk_id)
    assert (view.state, view.verified, view.failed, view.skipped) == ("completed", 12, 0, 0), view
    assert await wishes(engine) == Counter(ids)
    found = await instances.get_many(engine, ids)
    assert {instance.state for instance in found.values()} == {"running"}


async def test_two_runners_take_turns(settings: Settings, client: Client, engine: AsyncEngine) -> None:
    """One that was paused may act for a moment after it lost the lead: here eight do, all the time."""
    ids = await failed(engine, 10)
    bulk_id = await begun(engine, 10, "50/s")
    writers = [Writer(engine, Policy()) for _ in range(8)]
    await asyncio.gather(*(step(writer, bulk_id) for writer in writers))
    assert (await seen(engine, bulk_id)).waiting == 9

    async def ended() -> bool:
        await asyncio.gather(*(step(writer, bulk_id) for writer in writers))
        return (await seen(engine, bulk_id)).ended_at is not None

    parts = (part(run, settings) for run in (relay.run, stub.run, lifecycle.run, lifecycle.run))
    async with contextlib.AsyncExitStack() as stack:
        for each in parts:
            await stack.enter_async_context(each)
        await until(ended, 60, what="the bulk retry to end")
    view = await seen(engine, bulk_id)
    assert (view.state, view.verified) == ("completed", 10)
    assert await wishes(engine) == Counter(ids)


async def test_no_faster_than_the_rate(settings: Settings, client: Client, engine: AsyncEngine) -> None:
    await failed(engine, 6)
    bulk_id = await begun(engine, 6, "4/s")

    async def ended() -> bool:
        return (await seen(engine, bulk_id)).ended_at is not None

    async with part(relay.run, settings), part(stub.run, settings), part(lifecycle.run, settings):
        await until(ended, 60, what="the bulk retry to end")
    async with engine.connect() as connection:
        query = "SELECT sent_at FROM bulk_retry_items ORDER BY sent_at"
        times = list((await connection.exec_driver_sql(query)).scalars())
    assert min((late - early).total_seconds() for early, late in pairwise(times)) >= 0.25
