"""Lets the database-service hold an instance still while it empties a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.engine import transaction

HOLD = 60.0
"""Seconds after which PostgreSQL takes the lock from a process that was stopped; emptying takes less."""


class Held(NamedTuple):
    """What must not change meanwhile."""

    has_run: bool
    attempt: int


class InstanceGuard:
    """Reads an instance under a row lock that lets others read but not move it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def holding(self, instance_id: UUID) -> AsyncIterator[Held | None]:
        """The instance, still for as long as the block runs; None where there is none. Raises DependencyDown."""
        limit = text(f"SET LOCAL idle_in_transaction_session_timeout = '{HOLD:g}s'")
        statement = text("SELECT has_run, attempt FROM instances WHERE id = :id FOR SHARE")
        async with transaction(self.engine) as connection:
            await connection.execute(limit)
            row = (await connection.execute(statement, {"id": instance_id})).one_or_none()
            yield Held(row.has_run, row.attempt) if row is not None else None
