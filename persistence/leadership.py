"""Who is the one active relay, watcher or admission: whoever holds an advisory lock on a connection of its own.

The connection is outside every pool and beats every second; PostgreSQL ends it when it has been silent for
`timeout` seconds, so a stopped process loses the lead as a killed one does. A leader that was paused may act for a
moment after it lost the lead: what it does must be harmless twice.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import connector, reading, translated
from schemas.errors import DependencyDown

log = structlog.get_logger()
BEAT = 1.0
RETRY = 1.0
_HELD = """
SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, DependencyDown)


@asynccontextmanager
async def alone(database_url: str, name: str) -> AsyncIterator[bool]:
    """Whether nobody else is at it just now, nor begins while the block runs.

    For what is short and seldom: it needs no leader, and no connection in between. Raises DependencyDown.
    """
    async with translated():
        connection = await connector(database_url, 5, application_name=f"reprise {name}")()
        try:
            yield await connection.fetchval("SELECT pg_try_advisory_lock($1)", _key(name))
        finally:
            await connection.close(timeout=5)


async def led(engine: AsyncEngine, names: Iterable[str]) -> set[str]:
    """Those of these that some process leads now. Raises DependencyDown."""
    async with reading(engine) as connection:
        held = set((await connection.execute(text(_HELD))).scalars())
    return {name for name in names if _key(name) in held}


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"reprise/{name}".encode()).digest()[:8], "big", signed=True)


class Leadership:
    """Runs a task in at most one process at a time."""

    def __init__(self, database_url: str, name: str, *, timeout: float = 5.0) -> None:
        self.database_url = database_url
        self.name = name
        self.timeout = timeout
        self.key = _key(name)

    async def lead(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Waits for the lead, runs `work` while it lasts, and tries again until `stop` is set.

        `work` is cancelled when the lead is lost; when it raises, the lead is given up and tried for again.
        """
        while not stop.is_set():
            try:
                await self._lead_once(work, stop)
            except _LOST as error:
                log.warning("leadership.lost", part=self.name, error=str(error) or type(error).__name__)
            except Exception:  # a fault of ours in one part's work must not end the parts beside it
                log.exception("leadership.failed", part=self.name)
            await _unless(stop, RETRY)

    async def _lead_once(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        connection = await self._connected()
        try:
            if await self._acquired(connection, stop):
                log.info("leadership.won", part=self.name)
                await self._hold(connection, work, stop)
        finally:
            with suppress(Exception):
                await connection.close(timeout=2)

    async def _connected(self) -> "asyncpg.Connection[asyncpg.Record]":
        settings = {
            "idle_session_timeout": f"{int(self.timeout * 1000)}",
            "application_name": f"reprise leader of {self.name}",
            "tcp_user_timeout": f"{int(self.timeout * 1000)}",
        }
        return await asyncpg.connect(self.database_url, timeout=5, server_settings=settings)

    async def _acquired(self, connection: "asyncpg.Connection[asyncpg.Record]", stop: asyncio.Event) -> bool:
        while not stop.is_set():
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", self.key, timeout=self.timeout):
                return True
            await _unless(stop, BEAT)
        return False

    async def _hold(
        self, connection: "asyncpg.Connection[asyncpg.Record]", work: Callable[[], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        """Both end together: the work when the beat fails, the beat when the work is done."""
        tasks = {
            asyncio.ensure_future(work()),
            asyncio.create_task(self._beat(connection, stop)),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self, connection: "asyncpg.Connection[asyncpg.Record]", stop: asyncio.Event) -> None:
        while not stop.is_set():
            await connection.execute("SELECT 1", timeout=self.timeout)
            await _unless(stop, BEAT)


async def _unless(stop: asyncio.Event, seconds: float) -> None:
    """Waits `seconds`, or until `stop` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
