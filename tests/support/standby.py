"""A streaming replica of a PostgreSQL server, made as an operator would: pg_basebackup, then started beside it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from embedded.account import hand_over, let_reach, unprivileged
from embedded.once import run_once
from embedded.postgres import Postgres, binary
from tests.support.ports import free_port
from tests.support.waiting import until

REPLICATED = {"wal_level": "replica", "max_wal_senders": "4", "max_connections": "200"}


async def standby_of(primary: Postgres, directory: Path) -> Postgres:
    """A copy of `primary`, to be started; it follows until it is promoted."""
    account = unprivileged()
    directory.mkdir(mode=0o700)  # noqa: ASYNC240 - one directory, at once
    hand_over(directory, account)
    let_reach(binary("pg_basebackup"), account)
    command = (str(binary("pg_basebackup")), f"--pgdata={directory / 'data'}", f"--dbname={primary.url('postgres')}")
    options = ("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast")
    await run_once("pg_basebackup", (*command, *options), os.environ, directory=directory, account=account)
    return Postgres(directory, free_port(), primary.password, REPLICATED)


async def make_synchronous(primary: Postgres) -> None:
    """From now on `primary` acknowledges nothing that its standby does not have. Returns when one is in step."""
    async with asking(primary) as connection:
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await connection.execute("SELECT pg_reload_conf()")
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        await until(lambda: connection.fetchval(query), what="a synchronous standby")


async def promote(standby: Postgres) -> None:
    """It takes writes from now on."""
    async with asking(standby) as connection:
        assert await connection.fetchval("SELECT pg_promote()")


@asynccontextmanager
async def asking(server: Postgres) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser's connection."""
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        yield connection
    finally:
        await connection.close()
