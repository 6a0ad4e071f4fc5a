"""Tells what a PostgreSQL server cannot do now from what it will not do at all; the only place that reads its codes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from schemas.errors import DatabaseRefused, DependencyDown
from schemas.text import cleaned

_PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.ObjectInUseError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
    PoolTimeout,
)
_LASTING = (asyncpg.DiskFullError, ValueError)
"""Passing by their class only: a full disk is worth telling at once, a ValueError is asyncpg's word for bad data."""

_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError, PoolTimeout, OSError)


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction on the service's own tables. Raises DependencyDown where PostgreSQL is at fault."""
    try:
        async with engine.begin() as connection:
            yield connection
    except _FAILURES as error:
        if _is_passing(error):
            raise DependencyDown("postgresql", _words(error)) from error
        raise


@asynccontextmanager
async def on_server(server_id: str) -> AsyncIterator[None]:
    """Work on a server of instances. Raises DependencyDown, or DatabaseRefused in the server's own words."""
    try:
        yield
    except _FAILURES as error:
        if _is_passing(error):
            raise DependencyDown(f"database server {server_id}", _words(error)) from error
        raise DatabaseRefused(f"The database server {server_id} refuses: {_words(error)}") from error


def _cause(error: BaseException) -> BaseException:
    """What asyncpg said, below SQLAlchemy's wrapping (whose text shows statements and parameters)."""
    while isinstance(error, DBAPIError):
        error = error.orig.__cause__ or error.orig if error.orig is not None else Exception("no cause known")
    return error


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = _cause(error)
    return isinstance(cause, _PASSING) and not isinstance(cause, _LASTING)


def _words(error: BaseException) -> str:
    cause = _cause(error)
    return cleaned(str(cause), 300) or type(cause).__name__
