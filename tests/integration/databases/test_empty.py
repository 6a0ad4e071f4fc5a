"""Empty: what a failed attempt left in its database goes, a customer's work never does."""

from uuid import UUID

import pytest

from databases.messages import Allocation
from schemas.errors import DatabaseRefused, NotYet
from tests.integration.databases.bench import Bench, Crash, logged_in, watched


async def test_the_database_is_empty_and_the_same(bench: Bench, instance_id: UUID) -> None:
    allocation = await _half_installed(bench, instance_id)

    lines = await bench.service.empty(instance_id, 1)

    assert [(line.kind, line.name, line.action) for line in lines] == [("Database", allocation.database, "emptied")]
    assert await bench.allocate(instance_id) == allocation
    assert not await _is_half_installed(allocation)


async def test_it_is_done_though_a_session_is_open(bench: Bench, instance_id: UUID) -> None:
    allocation = await _half_installed(bench, instance_id)

    async with logged_in(allocation):
        await bench.service.empty(instance_id, 1)

    assert not await _is_half_installed(allocation)


async def test_nobody_else_may_connect_to_the_new_one_either(bench: Bench, instance_id: UUID) -> None:
    allocation = await _half_installed(bench, instance_id)
    other = await bench.allocate(UUID(int=7))
    await bench.service.empty(instance_id, 1)

    with pytest.raises(Exception, match="permission denied"):
        async with logged_in(other, allocation.database):
            pass


async def test_it_is_done_once_an_attempt(bench: Bench, instance_id: UUID) -> None:
    allocation = await _half_installed(bench, instance_id)
    await bench.service.empty(instance_id, 1)
    await _half_install(allocation)

    lines = await bench.service.empty(instance_id, 1)

    assert await _is_half_installed(allocation)
    assert [line.why for line in lines] == ["for attempt 1, before"]


async def test_the_next_attempt_may_empty_it_again(bench: Bench, instance_id: UUID) -> None:
    allocation = await _half_installed(bench, instance_id)
    await bench.service.empty(instance_id, 1)
    await _half_install(allocation)
    assert bench.guard.held is not None
    bench.guard.held.attempt = 2

    await bench.service.empty(instance_id, 2)

    assert not await _is_half_installed(allocation)


async def test_what_has_run_is_never_emptied(bench: Bench, instance_id: UUID) -> None:
    allocation = await _half_installed(bench, instance_id)
    assert bench.guard.held is not None
    bench.guard.held.has_run = True

    with pytest.raises(DatabaseRefused, match="has run"):
        await bench.service.empty(instance_id, 1)

    assert await _is_half_installed(allocation)


@pytest.mark.parametrize("now_at", [1, 3])
async def test_a_call_of_another_attempt_is_refused(bench: Bench, instance_id: UUID, now_at: int) -> None:
    allocation = await _half_installed(bench, instance_id)
    assert bench.guard.held is not None
    bench.guard.held.attempt = now_at

    with pytest.raises(DatabaseRefused, match=f"is at attempt {now_at}"):
        await bench.service.empty(instance_id, 2)

    assert await _is_half_installed(allocation)


async def test_an_instance_that_is_unknown_is_refused(bench: Bench, instance_id: UUID) -> None:
    allocation = await _half_installed(bench, instance_id)
    bench.guard.held = None

    with pytest.raises(DatabaseRefused, match="Instance not found"):
        await bench.service.empty(instance_id, 1)

    assert await _is_half_installed(allocation)


async def test_after_release_it_is_refused_and_makes_nothing(bench: Bench, instance_id: UUID) -> None:
    await _half_installed(bench, instance_id)
    await bench.service.release(instance_id)

    with pytest.raises(DatabaseRefused, match="was released"):
        await bench.service.empty(instance_id, 1)

    assert await bench.left(instance_id) == set()


async def test_where_nothing_was_allocated_there_is_nothing_to_empty(bench: Bench, instance_id: UUID) -> None:
    lines = await bench.service.empty(instance_id, 1)

    assert [(line.action, line.why) for line in lines] == [("absent", "was never handed out")]
    assert await bench.left(instance_id) == set()


async def test_after_a_crash_between_any_two_statements_the_next_call_completes(bench: Bench) -> None:
    crashes = 0
    for crash_before in range(20):
        seen = 0

        async def crashing(_: str, crash_before: int = crash_before) -> None:
            nonlocal seen
            if seen == crash_before:
                raise Crash
            seen += 1

        instance_id = UUID(int=3000 + crash_before)
        allocation = await _half_installed(bench, instance_id)
        try:
            await bench.another(watched(crashing)).empty(instance_id, 1)
        except Crash:
            crashes += 1
        await bench.service.empty(instance_id, 1)
        assert not await _is_half_installed(allocation)
        await bench.service.release(instance_id)
        if seen < crash_before:
            break

    assert crashes >= 3


async def test_a_dedicated_server_is_asked_until_it_has_done_so(bench: Bench, instance_id: UUID) -> None:
    with pytest.raises(NotYet):
        await bench.allocate(instance_id, "dedicated")
    await bench.allocate(instance_id, "dedicated")

    with pytest.raises(NotYet):
        await bench.service.empty(instance_id, 1)
    lines = await bench.service.empty(instance_id, 1)
    await bench.service.empty(instance_id, 1)

    assert bench.cluster.emptied == [instance_id]
    assert [line.action for line in lines] == ["emptied"]


async def _half_installed(bench: Bench, instance_id: UUID) -> Allocation:
    allocation = await bench.allocate(instance_id)
    await _half_install(allocation)
    return allocation


async def _half_install(allocation: Allocation) -> None:
    async with logged_in(allocation) as session:
        await session.execute("CREATE TABLE ir_module_module ()")


async def _is_half_installed(allocation: Allocation) -> bool:
    async with logged_in(allocation) as session:
        return bool(await session.fetchval("SELECT to_regclass('ir_module_module') IS NOT NULL"))
