"""What can be wrong with a server: each is told apart, none shows a password."""

import secrets
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from databases.servers import SharedServer, close_to_tenants, register
from databases.service import DatabaseService
from persistence.engine import make_engine
from schemas.errors import DatabaseRefused, DependencyDown
from tests.integration.databases.bench import CUSTOMER, Bench, logged_in
from tests.support.ports import free_port


@pytest_asyncio.fixture
async def manager(
    admin: "asyncpg.Connection[asyncpg.Record]", bench: Bench, server: SharedServer
) -> AsyncIterator[SharedServer]:
    """The same server under an administrator who is no superuser."""
    name, password = f"manager_{secrets.token_hex(4)}", secrets.token_urlsafe()
    await admin.execute(f"CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
    managed = server.model_copy(update={"user": name, "password": SecretStr(password)})
    await register(bench.engine, bench.vault, [managed])
    yield managed
    await bench.sweep()
    await admin.execute(f"DROP ROLE {name}")


async def test_an_administrator_who_is_no_superuser_will_do(
    bench: Bench, manager: SharedServer, instance_id: UUID
) -> None:
    allocation = await bench.allocate(instance_id)
    async with logged_in(allocation) as session:
        await session.execute("CREATE TABLE left_over ()")
        await bench.service.empty(instance_id, 1)
    async with logged_in(await bench.allocate(instance_id)) as session:
        assert await session.fetchval("SELECT to_regclass('left_over')") is None
        await bench.service.release(instance_id)

    assert await bench.left(instance_id) == set()


async def test_a_server_that_does_not_answer_may_answer_later(
    bench: Bench, server: SharedServer, instance_id: UUID
) -> None:
    await register(bench.engine, bench.vault, [server.model_copy(update={"port": free_port()})])
    with pytest.raises(DependencyDown, match="database server embedded"):
        await bench.allocate(instance_id)
    await register(bench.engine, bench.vault, [server])

    async with logged_in(await bench.allocate(instance_id)) as session:
        assert await session.fetchval("SELECT 1") == 1


async def test_a_wrong_password_of_the_administrator_is_told_at_once(
    bench: Bench, server: SharedServer, instance_id: UUID
) -> None:
    await register(bench.engine, bench.vault, [server.model_copy(update={"password": SecretStr("wr0ng-one")})])

    with pytest.raises(DatabaseRefused, match="embedded refuses: password authentication failed") as refusal:
        await bench.allocate(instance_id)

    assert "wr0ng-one" not in repr(refusal.value)


async def test_an_administrator_without_the_right_is_told_at_once(
    bench: Bench, manager: SharedServer, admin: "asyncpg.Connection[asyncpg.Record]", instance_id: UUID
) -> None:
    await admin.execute(f"ALTER ROLE {manager.user} NOCREATEROLE")

    with pytest.raises(DatabaseRefused, match="permission denied to create role"):
        await bench.allocate(instance_id)


async def test_where_its_own_tables_are_out_of_reach_postgresql_is_named(bench: Bench, instance_id: UUID) -> None:
    engine = make_engine(f"postgresql://u:p@127.0.0.1:{free_port()}/d")
    service = DatabaseService(engine, bench.vault, {}, bench.guard)

    with pytest.raises(DependencyDown, match="postgresql"):
        await service.allocate(instance_id, CUSTOMER, "shared")

    await engine.dispose()


async def test_an_instance_s_role_cannot_connect_to_the_service_s_own_database(
    bench: Bench, database: str, instance_id: UUID
) -> None:
    await close_to_tenants(bench.engine)

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        async with logged_in(await bench.allocate(instance_id), database.rpartition("/")[2]):
            pass
