"""What the tests of the database-service work with: the service, its doubles at the ports, and a look at the server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from api.server import bind, serve
from databases import ddl
from databases.adopted import AdoptedHost
from databases.adoption import Adoption
from databases.dedicated import DedicatedHost
from databases.hosts import Host
from databases.messages import Allocation
from databases.names import database_name, role_name
from databases.records import Server
from databases.registry import Registry
from databases.secrets import Vault
from databases.service import DatabaseService
from databases.shared import Connect, SharedHost, connect
from embedded.postgres import Postgres
from schemas.errors import NotYet
from schemas.payloads import ReceiptLine
from tests.support.postgres import administration

CUSTOMER = "c-1"


@dataclass
class Standing:
    """How an instance stands."""

    has_run: bool = False
    attempt: int = 1


@dataclass
class Guard:
    """Answers what a test says."""

    held: Standing | None = field(default_factory=Standing)

    @asynccontextmanager
    async def holding(self, instance_id: UUID) -> AsyncIterator[Standing | None]:
        """As it is."""
        yield self.held


@dataclass
class Cluster:
    """Dedicated servers that are ready, emptied and gone at the second look."""

    names: dict[UUID, str] = field(default_factory=dict)
    emptied: list[UUID] = field(default_factory=list)
    looks: list[tuple[str, UUID]] = field(default_factory=list)

    async def ensure(
        self, instance_id: UUID, customer_id: str, name: str, password: str, database: str, username: str
    ) -> tuple[str, int]:
        """Ready at the second look."""
        self.names[instance_id] = name
        self._look("ensure", instance_id)
        return f"{name}.svc", 5432

    async def empty(self, instance_id: UUID, database: str, username: str) -> None:
        """Done at the second look."""
        self._look("empty", instance_id)
        self.emptied.append(instance_id)

    async def remove(self, instance_id: UUID) -> list[ReceiptLine]:
        """Gone at the second look."""
        name = self.names.pop(instance_id, None)
        self._look("remove", instance_id)
        return [ReceiptLine(kind="StatefulSet", name=name or "?", action="deleted", why="released")]

    def _look(self, what: str, instance_id: UUID) -> None:
        self.looks.append((what, instance_id))
        if self.looks.count((what, instance_id)) % 2:
            raise NotYet(f"{what} {instance_id}", after=2)


class Crash(BaseException):
    """The process is gone: nothing catches it."""


class Statements:
    """An administrator's connection of which a test sees every statement before it is executed."""

    def __init__(self, connection: Any, before: Callable[[str], Awaitable[None]]) -> None:
        self._connection = connection
        self._before = before

    async def execute(self, statement: str, *arguments: object) -> object:
        """Seen first."""
        await self._before(statement)
        return await self._connection.execute(statement, *arguments)

    async def fetchval(self, statement: str, *arguments: object) -> object:
        """A look changes nothing, so there is no crash worth having before one."""
        return await self._connection.fetchval(statement, *arguments)


def watched(before: Callable[[str], Awaitable[None]]) -> Connect:
    """Connects as the service does, and calls `before` with each statement."""

    @asynccontextmanager
    async def connecting(server: Server, password: str) -> AsyncIterator[Any]:
        async with connect(server, password) as connection:
            yield Statements(connection, before)

    return connecting


class Bench:
    """The service and its surroundings."""

    def __init__(self, engine: AsyncEngine, vault: Vault, postgres: Postgres) -> None:
        self.engine = engine
        self.vault = vault
        self.guard = Guard()
        self.cluster = Cluster()
        self.service = self.another()
        self.registry = Registry(engine, vault)
        self.adoption = Adoption(engine, vault)
        self._postgres = postgres
        self._made: list[UUID] = []

    def another(self, connecting: Connect = connect) -> DatabaseService:
        """Another process of the service, on the same tables."""
        hosts: dict[str, Host] = {
            "shared": SharedHost(self.vault, connecting),
            "dedicated": DedicatedHost(self.cluster),
            "adopted": AdoptedHost(self.vault),
        }
        return DatabaseService(self.engine, self.vault, hosts, self.guard)

    async def allocate(self, instance_id: UUID, db_type: str = "shared") -> Allocation:
        """By the service, and noted for `sweep`."""
        self.note(instance_id)
        return await self.service.allocate(instance_id, CUSTOMER, db_type)

    def note(self, instance_id: UUID) -> None:
        """Something may be made for it."""
        self._made.append(instance_id)

    def administration(self) -> AbstractAsyncContextManager["asyncpg.Connection[asyncpg.Record]"]:
        """A superuser's connection."""
        return administration(self._postgres)

    async def left(self, instance_id: UUID) -> set[str]:
        """What there is on the server for an instance: of "database" and "role"."""
        queries = {
            "database": ("SELECT 1 FROM pg_database WHERE datname = $1", database_name(instance_id)),
            "role": ("SELECT 1 FROM pg_roles WHERE rolname = $1", role_name(instance_id)),
        }
        async with administration(self._postgres) as connection:
            return {kind for kind, query in queries.items() if await connection.fetchval(*query)}

    async def sweep(self) -> None:
        """Nothing of a test stays on the session's server."""
        async with administration(self._postgres) as connection:
            for instance_id in self._made:
                await ddl.drop_all(connection, database_name(instance_id), role_name(instance_id))


@asynccontextmanager
async def logged_in(allocation: Allocation, database: str | None = None) -> AsyncIterator[Any]:
    """A session with what was handed out."""
    connection = await asyncpg.connect(
        host=allocation.host,
        port=allocation.port,
        user=allocation.username,
        password=allocation.password,
        database=database or allocation.database,
    )
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The URL of the application for as long as the block runs."""
    listening, stopping = bind("127.0.0.1", 0), asyncio.Event()
    task = asyncio.create_task(serve(app, listening, stopping))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stopping.set()
        await task
