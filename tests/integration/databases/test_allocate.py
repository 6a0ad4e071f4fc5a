"""Allocate: a database one can work in, the same one each time, with the password that works."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from schemas.errors import DatabaseRefused
from tests.integration.databases.bench import Bench, Crash, logged_in, watched


async def test_what_is_handed_out_can_be_worked_with(bench: Bench, instance_id: UUID) -> None:
    allocation = await bench.allocate(instance_id)

    async with logged_in(allocation) as session:
        await session.execute("CREATE TABLE partner (name text)")
        await session.execute("INSERT INTO partner VALUES ('Ångström')")
        assert await session.fetchval("SELECT name FROM partner") == "Ångström"
        assert await session.fetchval("SHOW server_encoding") == "UTF8"
    assert allocation.db_server_id == "embedded"


async def test_a_role_can_do_nothing_beyond_its_database(bench: Bench, instance_id: UUID) -> None:
    async with logged_in(await bench.allocate(instance_id)) as session:
        rights = await session.fetchrow(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"
            " WHERE rolname = current_user"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await session.execute("CREATE DATABASE mine")

    assert not any(rights)


async def test_another_role_cannot_connect(bench: Bench, instance_id: UUID) -> None:
    mine, other = await bench.allocate(instance_id), await bench.allocate(UUID(int=7))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        async with logged_in(other, mine.database):
            pass


async def test_the_database_that_odoo_listens_in_stays_open(bench: Bench, instance_id: UUID) -> None:
    async with logged_in(await bench.allocate(instance_id), "postgres") as session:
        assert await session.execute("LISTEN imbus") == "LISTEN"


async def test_twenty_at_once_get_one_database(bench: Bench, instance_id: UUID) -> None:
    answers = await asyncio.gather(*(bench.allocate(instance_id) for _ in range(20)))

    assert len({answer.model_dump_json() for answer in answers}) == 1
    async with bench.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM databases"))).scalar_one() == 1
    async with logged_in(answers[0]) as session:
        assert await session.fetchval("SELECT 1") == 1


async def test_instances_at_once_get_databases_of_their_own(bench: Bench) -> None:
    answers = await asyncio.gather(*(bench.allocate(UUID(int=number)) for number in range(1, 4)))

    assert len({answer.database for answer in answers}) == 3
    assert len({answer.password for answer in answers}) == 3


async def test_a_retry_gets_the_same_with_its_data(bench: Bench, instance_id: UUID) -> None:
    first = await bench.allocate(instance_id)
    async with logged_in(first) as session:
        await session.execute("CREATE TABLE kept ()")

    second = await bench.allocate(instance_id)

    assert second == first
    async with logged_in(second) as session:
        assert await session.fetchval("SELECT to_regclass('kept')") == "kept"


@pytest.mark.parametrize(
    "harm",
    [
        "ALTER ROLE {name} PASSWORD 'changed'",
        "ALTER ROLE {name} NOLOGIN",
        "ALTER ROLE {name} VALID UNTIL '2001-01-01'",
        "ALTER DATABASE {name} OWNER TO CURRENT_USER",
        "DROP DATABASE {name}",
    ],
)
async def test_a_retry_mends_what_somebody_changed(
    bench: Bench, instance_id: UUID, admin: "asyncpg.Connection[asyncpg.Record]", harm: str
) -> None:
    first = await bench.allocate(instance_id)
    await admin.execute(harm.format(name=first.username))

    second = await bench.allocate(instance_id)

    assert second == first
    async with logged_in(second) as session:
        await session.execute("CREATE TABLE works ()")


async def test_after_a_crash_between_any_two_statements_the_next_call_completes(bench: Bench) -> None:
    survived = 0
    for crash_before in range(20):
        seen = 0

        async def crashing(_: str, crash_before: int = crash_before) -> None:
            nonlocal seen
            if seen == crash_before:
                raise Crash
            seen += 1

        instance_id = UUID(int=1000 + crash_before)
        bench.note(instance_id)
        try:
            await bench.another(watched(crashing)).allocate(instance_id, "c-1", "shared")
        except Crash:
            survived += 1
        async with logged_in(await bench.allocate(instance_id)) as session:
            await session.execute("CREATE TABLE works ()")
        await bench.service.release(instance_id)
        if seen < crash_before:
            break

    assert survived >= 5


async def test_another_customer_is_refused(bench: Bench, instance_id: UUID) -> None:
    await bench.allocate(instance_id)

    with pytest.raises(DatabaseRefused, match="belongs to another customer"):
        await bench.service.allocate(instance_id, "c-2", "shared")


async def test_another_type_is_refused(bench: Bench, instance_id: UUID) -> None:
    await bench.allocate(instance_id)

    with pytest.raises(DatabaseRefused, match="has a shared database"):
        await bench.allocate(instance_id, "dedicated")
