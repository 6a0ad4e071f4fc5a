"""No password can be read where it is kept, and the keys can be changed."""

from uuid import UUID

import asyncpg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from databases.secrets import Vault, rotate
from databases.servers import SharedServer
from schemas.errors import DatabaseRefused
from tests.integration.databases.bench import Bench, logged_in


async def _everything(bench: Bench) -> str:
    """Every value in every table, as text."""
    async with bench.engine.connect() as connection:
        tables = await connection.execute(text("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'"))
        rows = [
            await connection.execute(text(f'SELECT t::text FROM "{name}" t'))  # noqa: S608 - the catalog's own names
            for name in tables.scalars().all()
        ]
    return "\n".join(row for found in rows for row in found.scalars())


async def test_no_password_is_stored_as_it_is(bench: Bench, server: SharedServer, instance_id: UUID) -> None:
    allocation = await bench.allocate(instance_id)

    stored = await _everything(bench)

    assert allocation.username in stored
    assert allocation.password not in stored
    assert server.password.get_secret_value() not in stored


async def test_no_password_is_sent_in_a_statement(
    bench: Bench, admin: "asyncpg.Connection[asyncpg.Record]", instance_id: UUID
) -> None:
    allocation = await bench.allocate(instance_id)

    kept = await admin.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", allocation.username)

    assert kept.startswith("SCRAM-SHA-256$4096:")


async def test_keys_are_rotated_while_everything_runs(bench: Bench, instance_id: UUID) -> None:
    first = await bench.allocate(instance_id)
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    await _written_under(bench, Vault(old))

    assert await rotate(bench.engine, Vault(f"{new},{old}")) == 2

    bench.vault = Vault(new)
    bench.service = bench.another()
    second = await bench.allocate(instance_id)
    assert second == first
    async with logged_in(second) as session:
        assert await session.fetchval("SELECT 1") == 1


async def test_without_the_key_nothing_is_rotated_and_it_is_said(bench: Bench, instance_id: UUID) -> None:
    await bench.allocate(instance_id)
    before = await _everything(bench)

    with pytest.raises(DatabaseRefused, match="REPRISE_DATABASE_KEYS"):
        await rotate(bench.engine, Vault(Fernet.generate_key().decode()))

    assert await _everything(bench) == before


async def _written_under(bench: Bench, vault: Vault) -> None:
    """Everything that is stored, as if it had been written under the keys of `vault`."""
    async with bench.engine.begin() as connection:
        for table in ("database_servers", "databases"):
            for stored in (await connection.execute(text(f"SELECT password FROM {table}"))).scalars().all():  # noqa: S608 - as above
                values = {"old": stored, "new": vault.encrypt(bench.vault.decrypt(stored))}
                await connection.execute(text(f"UPDATE {table} SET password = :new WHERE password = :old"), values)  # noqa: S608 - as above
