"""The connection pool, and the one place where PostgreSQL's failures are told apart from faults of the data."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import PoolProxiedConnection, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from schemas.errors import DependencyDown

_DATA = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""What PostgreSQL says of a value that it will never take. All else (a table that is not migrated yet, a right that is
missing, a full disk) may be mended, and the event that met it is at no fault."""
_DOWN = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.TargetServerAttributeNotMatched,  # of several hosts, none is the primary just now
    OSError,
    TimeoutError,
    PoolTimeout,
)

_NO_STANDSTILL = {"idle_in_transaction_session_timeout": "5s"}
"""A process that is stopped in the middle of a transaction would keep its locks, and others waiting, for ever."""

STATEMENT = 30.0
"""Seconds for one statement, the wait for locks included. A server that hangs sends no error: without it, whoever asked
would wait for ever."""

ASYNCPG = "postgresql+asyncpg://"
Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


def connector(url: str, timeout: float, *, statement: float | None = None, **settings: str) -> Connect:
    """Connects as asyncpg reads `url`: several hosts, and which of them is wanted, as libpq has it.

    `timeout`: seconds for the connection; `statement`: for each statement, None without end.
    Source: https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
    """

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(url, timeout=timeout, command_timeout=statement, server_settings=settings)

    return connect


def make_engine(url: str, *, pool_size: int = 5) -> AsyncEngine:
    """A pool of at most `pool_size` connections to `url` (postgresql://user:password@host:port/database)."""
    engine = create_async_engine(
        ASYNCPG,
        async_creator=connector(url, 5, statement=STATEMENT, application_name="reprise", **_NO_STANDSTILL),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_recycle=1800,
    )
    event.listen(engine.sync_engine, "checkout", _still_open)
    return engine


def _still_open(connection: PoolProxiedConnection, *_: object) -> None:
    """What the server has closed meanwhile is not handed out. A ping would cost three round trips each time.

    Raises DisconnectionError, upon which the pool connects anew.
    """
    driver = connection.driver_connection
    if driver is not None and driver.is_closed():
        raise DisconnectionError("the server closed the connection")


def is_passing(error: BaseException | None) -> bool:
    """Whether PostgreSQL is at fault and not the data: the same statement may succeed later."""
    while error is not None:
        if isinstance(error, (ValueError, *_DATA)):  # a ValueError: asyncpg cannot encode it; an InterfaceError too
            return False
        if isinstance(error, _DOWN):
            return True
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        error = error.__cause__ or getattr(error, "orig", None)
    return False


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turns failures of PostgreSQL into DependencyDown; errors of the data pass as they are."""
    try:
        yield
    except (DBAPIError, *_DOWN) as error:
        if is_passing(error):
            raise DependencyDown("postgresql", _first_line(error)) from error
        raise


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One statement at a time, without the round trips of a transaction. Raises as `transaction` does."""
    async with translated(), engine.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One READ COMMITTED transaction. Raises DependencyDown where PostgreSQL is at fault."""
    async with translated(), engine.begin() as connection:
        yield connection


@asynccontextmanager
async def snapshot(url: str, name: str, *, idle: str = "0") -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A transaction that sees one moment, changes nothing, and may take as long as it needs.

    `idle`: how long whoever reads may pause, like 10min; 0 is for ever. Raises DependencyDown.
    """
    async with translated():
        connection = await connector(url, 5, application_name=name, idle_in_transaction_session_timeout=idle)()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield connection
        finally:
            await connection.close(timeout=5)


def _first_line(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(getattr(error, "orig", None) or error) or type(error).__name__).splitlines()[0]
