"""The pool of connections: what PostgreSQL has closed is not handed out."""

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import reading, transaction
from schemas.errors import DependencyDown
from tests.support.waiting import until

PID = "SELECT pg_backend_pid()"


async def pid(engine: AsyncEngine) -> int:
    async with transaction(engine) as connection:
        return int((await connection.exec_driver_sql(PID)).scalar_one())


async def close(database: str, backend: int) -> None:
    """As a restart of the server does to it."""
    connection = await asyncpg.connect(database)

    async def gone() -> bool:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", backend)

    await connection.execute("SELECT pg_terminate_backend($1)", backend)
    await until(gone)
    await connection.close()


async def test_a_connection_that_the_server_has_closed_is_not_handed_out(engine: AsyncEngine, database: str) -> None:
    backend = await pid(engine)
    assert await pid(engine) == backend, "a pool that keeps nothing tests nothing"
    await close(database, backend)
    assert await pid(engine) != backend


async def test_a_connection_closed_in_the_middle_of_a_transaction_is_a_fault_of_postgresql(
    engine: AsyncEngine, database: str
) -> None:
    async def cut_off() -> None:
        async with transaction(engine) as connection:
            await close(database, int((await connection.exec_driver_sql(PID)).scalar_one()))
            await connection.exec_driver_sql(PID)

    with pytest.raises(DependencyDown):
        await cut_off()
    assert await pid(engine)


async def test_reading_leaves_no_transaction_open_behind_it(engine: AsyncEngine) -> None:
    async with reading(engine) as connection:
        moments = [(await connection.exec_driver_sql("SELECT now()")).scalar_one() for _ in range(2)]
    assert moments[0] < moments[1], "now() stands still within a transaction"
    async with transaction(engine) as connection:
        moments = [(await connection.exec_driver_sql("SELECT now()")).scalar_one() for _ in range(2)]
    assert moments[0] == moments[1], "and one is begun where it is asked for"
