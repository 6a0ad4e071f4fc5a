"""`reprise migrate`, as a Job that migrates and as what waits for it."""

import asyncio
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import pytest_asyncio

from embedded.postgres import Postgres
from persistence.migrate import upgrade
from tests.support.installation import bare
from tests.support.postgres import administration


@pytest_asyncio.fixture
async def empty(postgres_server: Postgres) -> AsyncIterator[str]:
    """The URL of a database without a schema."""
    name = f"test_{secrets.token_hex(6)}"
    async with administration(postgres_server) as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres_server.url(name)
    async with administration(postgres_server) as connection:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def reprise(url: str, *arguments: str, **variables: str) -> Process:
    command = (sys.executable, "-m", "cli.main", *arguments)
    environment = bare() | variables | {"REPRISE_DATABASE_URL": url}
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environment)


async def migrating(url: str, *arguments: str) -> Process:
    return await reprise(url, "migrate", *arguments)


async def test_who_waits_goes_on_when_somebody_has_migrated(empty: str) -> None:
    waiting = await migrating(empty, "--wait")
    assert waiting.stdout is not None
    told = await waiting.stdout.readline()
    assert b"the schema is at nothing" in told
    assert waiting.returncode is None
    await asyncio.to_thread(upgrade, empty)
    out, _ = await waiting.communicate()
    assert (waiting.returncode, out.decode().splitlines()[-1]) == (0, "The database's schema is up to date.")


async def test_several_migrate_at_once(empty: str) -> None:
    several = [await migrating(empty) for _ in range(2)]
    said = [await each.communicate() for each in several]
    assert [each.returncode for each in several] == [0, 0], said


async def test_who_waits_for_a_server_that_is_away_says_so(empty: str) -> None:
    waiting = await migrating("postgresql://me:hidden@127.0.0.1:1/none", "--wait")
    assert waiting.stdout is not None
    told = (await waiting.stdout.readline()).decode()
    waiting.kill()
    await waiting.communicate()
    assert "Connect call failed" in told
    assert "hidden" not in told
