"""One call at a time works on an instance's database, over all processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from databases.failures import transaction
from schemas.errors import NotYet

NAMESPACE = 0x0DB0
"""The first half of the advisory locks' keys; the second is the instance's."""

WAIT = 5.0
"""Seconds that a call waits for another one's end, before its caller is told to come again."""

WORK = 45.0
"""Seconds that the work under the lock may take."""

HOLD = 60.0
"""Seconds after which PostgreSQL takes the lock from a process that was stopped. More than WORK: who still runs has
given up by then."""

_LIMITS = text(
    "SELECT set_config('lock_timeout', :wait, true), set_config('idle_in_transaction_session_timeout', :hold, true)"
)


@asynccontextmanager
async def exclusively(engine: AsyncEngine, instance_id: UUID) -> AsyncIterator[AsyncConnection]:
    """A transaction that holds the instance's lock: gone with the transaction, with the connection, with the process.

    Everything under the lock goes over this one connection, so that callers who wait cannot use up the pool.
    Raises NotYet while another call has the lock, DependencyDown.
    """
    async with transaction(engine) as connection:
        await connection.execute(_LIMITS, {"wait": f"{WAIT * 1000:.0f}", "hold": f"{HOLD * 1000:.0f}"})
        await _lock(connection, instance_id)
        yield connection


async def _lock(connection: AsyncConnection, instance_id: UUID) -> None:
    # 32 bits of the id: two instances that share them wait for each other, and no more
    key = int.from_bytes(instance_id.bytes[:4], signed=True)
    try:
        await connection.execute(select(func.pg_advisory_xact_lock(NAMESPACE, key)))
    except DBAPIError as error:
        if isinstance(error.orig, BaseException) and isinstance(error.orig.__cause__, asyncpg.LockNotAvailableError):
            raise NotYet("another call for this instance's database is under way") from error
        raise
