"""Release: nothing is left and nothing comes back, also where it meets an allocation under way."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from databases import locking
from schemas.errors import DatabaseRefused, NotYet, RepriseError
from tests.integration.databases.bench import CUSTOMER, Bench, Crash, logged_in, watched
from tests.support.waiting import until


async def test_nothing_is_left_though_sessions_are_open(bench: Bench, instance_id: UUID) -> None:
    allocation = await bench.allocate(instance_id)
    async with logged_in(allocation) as session, logged_in(allocation, "postgres") as listening:
        await session.execute("CREATE TABLE partner ()")
        await listening.execute("SELECT lo_create(0)")

        lines = await bench.service.release(instance_id)

        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError)):
            await listening.fetchval("SELECT 1")
    assert [(line.kind, line.action) for line in lines] == [("Database", "deleted"), ("Role", "deleted")]
    assert await bench.left(instance_id) == set()


async def test_twice_is_as_good_as_once(bench: Bench, instance_id: UUID) -> None:
    await bench.allocate(instance_id)
    await bench.service.release(instance_id)

    again = await bench.service.release(instance_id)

    assert [(line.action, line.why) for line in again] == [("absent", "was removed before")]


async def test_many_at_once_remove_it_once(bench: Bench, instance_id: UUID) -> None:
    await bench.allocate(instance_id)

    answers = await asyncio.gather(*(bench.service.release(instance_id) for _ in range(5)))

    assert sorted(lines[0].action for lines in answers) == ["absent"] * 4 + ["deleted"]


async def test_after_it_allocate_is_refused(bench: Bench, instance_id: UUID) -> None:
    await bench.allocate(instance_id)
    await bench.service.release(instance_id)

    with pytest.raises(DatabaseRefused, match="was released"):
        await bench.allocate(instance_id)
    assert await bench.left(instance_id) == set()


@pytest.mark.parametrize("db_type", ["shared", "dedicated"])
async def test_before_any_allocation_it_refuses_the_late_one(bench: Bench, instance_id: UUID, db_type: str) -> None:
    lines = await bench.service.release(instance_id)

    with pytest.raises(DatabaseRefused, match="was released"):
        await bench.allocate(instance_id, db_type)
    assert [(line.action, line.why) for line in lines] == [("absent", "was never made")]
    assert await bench.left(instance_id) == set()
    assert bench.cluster.looks == []


@pytest.mark.parametrize("held_at", ["CREATE ROLE", "ALTER ROLE", "CREATE DATABASE", "REVOKE"])
async def test_during_an_allocation_it_leaves_nothing(bench: Bench, instance_id: UUID, held_at: str) -> None:
    bench.note(instance_id)
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold(statement: str) -> None:
        if statement.startswith(held_at):
            reached.set()
            await go_on.wait()

    allocating = asyncio.create_task(bench.another(watched(hold)).allocate(instance_id, CUSTOMER, "shared"))
    await reached.wait()
    releasing = asyncio.create_task(bench.service.release(instance_id))
    await until(lambda: _is_released(bench, instance_id))
    go_on.set()

    with pytest.raises(DatabaseRefused, match="was released"):
        await allocating
    await releasing
    assert await bench.left(instance_id) == set()


@pytest.mark.parametrize("stopped_at", ["CREATE ROLE", "ALTER ROLE", "CREATE DATABASE", "REVOKE"])
async def test_an_allocation_that_lost_its_lock_takes_back_what_it_makes(
    bench: Bench, instance_id: UUID, stopped_at: str
) -> None:
    """A process that was stopped for long: PostgreSQL has ended its session, and a release has come and gone."""
    bench.note(instance_id)

    async def meanwhile(statement: str) -> None:
        if statement.startswith(stopped_at):
            await _end_the_lock(bench)
            await bench.service.release(instance_id)

    with pytest.raises(RepriseError):
        await bench.another(watched(meanwhile)).allocate(instance_id, CUSTOMER, "shared")

    assert await bench.left(instance_id) == set()


async def test_while_another_call_works_it_is_told_to_come_again(
    bench: Bench, instance_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "WAIT", 0.05)
    await bench.allocate(instance_id)

    async with locking.exclusively(bench.engine, instance_id):
        with pytest.raises(NotYet, match="another call"):
            await bench.service.release(instance_id)

    assert await bench.left(instance_id) == {"database", "role"}
    assert len(await bench.service.release(instance_id)) == 2


async def test_after_a_crash_between_any_two_statements_the_next_call_completes(bench: Bench) -> None:
    crashes = 0
    for crash_before in range(20):
        seen = 0

        async def crashing(_: str, crash_before: int = crash_before) -> None:
            nonlocal seen
            if seen == crash_before:
                raise Crash
            seen += 1

        instance_id = UUID(int=2000 + crash_before)
        await bench.allocate(instance_id)
        try:
            await bench.another(watched(crashing)).release(instance_id)
        except Crash:
            crashes += 1
        await bench.service.release(instance_id)
        assert await bench.left(instance_id) == set()
        if seen < crash_before:
            break

    assert crashes >= 4


async def test_its_place_is_free_again_and_its_password_forgotten(bench: Bench) -> None:
    for number in range(1, 6):
        await bench.allocate(UUID(int=number))
        await bench.service.release(UUID(int=number))

    async with bench.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT state, password FROM databases"))).all()
    assert [tuple(row) for row in rows] == [("released", None)] * 5


async def _is_released(bench: Bench, instance_id: UUID) -> bool:
    async with bench.engine.connect() as connection:
        query = text("SELECT state = 'released' FROM databases WHERE instance_id = :id")
        return bool((await connection.execute(query, {"id": instance_id})).scalar_one_or_none())


async def _end_the_lock(bench: Bench) -> None:
    async with bench.engine.connect() as connection:
        query = text(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND classid = :namespace"
        )
        assert (await connection.execute(query, {"namespace": locking.NAMESPACE})).scalar_one()
