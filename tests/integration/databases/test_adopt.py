"""Databases that were there before Reprise: looked into, used with their own role, and that role is left."""

import secrets
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from databases.messages import Access
from embedded.postgres import Postgres
from schemas.errors import DatabaseRefused, DependencyDown
from tests.integration.databases.bench import CUSTOMER, Bench, logged_in
from tests.support.ports import free_port

Admin = "asyncpg.Connection[asyncpg.Record]"


@pytest_asyncio.fixture
async def access(admin: Admin, postgres_server: Postgres) -> AsyncIterator[Access]:
    """A database and its role, as somebody else made them; the server is not named as a registered one."""
    name, password = f"shop_{secrets.token_hex(4)}", secrets.token_urlsafe()
    await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    yield Access(host="localhost", port=postgres_server.port, database=name, username=name, password=password)
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"DROP ROLE {name}")


async def _fill(access: Access) -> None:
    connection = await asyncpg.connect(
        host=access.host, port=access.port, user=access.username, password=access.password, database=access.database
    )
    await connection.execute("CREATE TABLE res_users ()")
    await connection.close()


async def test_what_is_in_it_is_told_apart_from_nothing(bench: Bench, access: Access) -> None:
    empty = await bench.adoption.inspect(access)
    assert (empty.exists, empty.initialised) == (True, False)
    assert empty.db_server_id == f"localhost:{access.port}"
    await _fill(access)
    assert (await bench.adoption.inspect(access)).initialised
    absent = await bench.adoption.inspect(access.model_copy(update={"database": "nowhere"}))
    assert (absent.exists, absent.initialised) == (False, False)


async def test_what_an_extension_brought_along_is_nothing(
    bench: Bench, access: Access, postgres_server: Postgres
) -> None:
    connection = await asyncpg.connect(
        host="localhost", port=access.port, user=access.username, password=access.password, database=access.database
    )
    owner = await asyncpg.connect(postgres_server.url(access.database))
    await owner.execute("CREATE TABLE spatial_ref_sys ()")
    assert (await bench.adoption.inspect(access)).initialised
    await owner.execute("ALTER EXTENSION plpgsql ADD TABLE spatial_ref_sys")
    await owner.close()
    assert not (await bench.adoption.inspect(access)).initialised
    await connection.execute("SELECT lo_create(0)")
    await connection.close()
    assert (await bench.adoption.inspect(access)).initialised, "an attachment may be all there is"


async def test_what_cannot_be_looked_into_is_refused_in_the_servers_words(bench: Bench, access: Access) -> None:
    wrong = access.model_copy(update={"password": "wr0ng-one"})
    with pytest.raises(DatabaseRefused, match="password authentication failed") as refusal:
        await bench.adoption.inspect(wrong)
    assert "wr0ng-one" not in repr(refusal.value)
    with pytest.raises(DependencyDown, match="does not answer"):
        await bench.adoption.inspect(access.model_copy(update={"port": free_port()}))
    with pytest.raises(DatabaseRefused, match="No database server is registered as pg-9; name its host"):
        await bench.adoption.inspect(access.model_copy(update={"server": "pg-9", "host": None}))
    with pytest.raises(DatabaseRefused, match="Server embedded is registered at 127"):
        await bench.adoption.inspect(access.model_copy(update={"server": "embedded"}))


async def test_it_is_handed_out_as_it_is(bench: Bench, access: Access, instance_id: UUID) -> None:
    await _fill(access)
    reference = await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access)
    assert await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access) == reference, "it may be repeated"

    allocation = await bench.allocate(instance_id)

    assert allocation.reference() == reference
    assert allocation.password == access.password
    async with logged_in(allocation) as session:
        assert await session.fetchval("SELECT to_regclass('res_users') IS NOT NULL")


async def test_its_password_is_kept_encrypted(bench: Bench, access: Access, instance_id: UUID) -> None:
    await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access)
    async with bench.engine.connect() as connection:
        [stored] = (await connection.execute(text("SELECT password FROM databases"))).scalars()
    assert access.password not in stored
    assert bench.vault.decrypt(stored) == access.password


async def test_it_is_one_instances_alone(bench: Bench, access: Access, instance_id: UUID) -> None:
    await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access)
    with pytest.raises(DatabaseRefused, match="is another instance's already"):
        await bench.adoption.adopt(uuid4(), CUSTOMER, "shared", access)
    with pytest.raises(DatabaseRefused, match="or this instance has another database"):
        await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access.model_copy(update={"database": "other"}))


async def test_on_a_registered_server_it_takes_a_place(bench: Bench, access: Access, instance_id: UUID) -> None:
    on_embedded = access.model_copy(update={"server": "embedded", "host": None})
    reference = await bench.adoption.adopt(instance_id, CUSTOMER, "shared", on_embedded)
    assert (reference.db_server_id, reference.host) == ("embedded", "127.0.0.1")
    [embedded] = await bench.registry.servers()
    assert embedded.used == 1


async def test_a_released_one_is_dropped_and_its_role_left(
    bench: Bench, access: Access, instance_id: UUID, admin: Admin
) -> None:
    """Others may have databases under the same role: their sessions go on."""
    await admin.execute(f"CREATE DATABASE {access.database}_other OWNER {access.username}")
    await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access)
    other = await asyncpg.connect(
        host="localhost",
        port=access.port,
        user=access.username,
        password=access.password,
        database=f"{access.database}_other",
    )
    try:
        lines = await bench.service.release(instance_id)
        assert await other.fetchval("SELECT 1") == 1
    finally:
        await other.close()
        await admin.execute(f"DROP DATABASE {access.database}_other WITH (FORCE)")
    assert [(line.kind, line.action) for line in lines] == [("Database", "deleted"), ("Role", "kept")]
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", access.database) == 0
    assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", access.username) == 1
    with pytest.raises(DatabaseRefused, match="was released"):
        await bench.allocate(instance_id)


async def test_one_whose_initialisation_had_begun_is_emptied(bench: Bench, access: Access, instance_id: UUID) -> None:
    await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access)
    await _fill(access)
    await bench.service.empty(instance_id, 1)
    assert not (await bench.adoption.inspect(access)).initialised
    async with logged_in(await bench.allocate(instance_id)) as session:
        await session.execute("CREATE TABLE anew ()")


async def test_after_its_release_the_name_can_be_adopted_again(
    bench: Bench, access: Access, instance_id: UUID, admin: Admin
) -> None:
    await bench.adoption.adopt(instance_id, CUSTOMER, "shared", access)
    await bench.service.release(instance_id)
    await admin.execute(f"CREATE DATABASE {access.database} OWNER {access.username}")
    assert (await bench.adoption.adopt(uuid4(), CUSTOMER, "shared", access)).database == access.database
