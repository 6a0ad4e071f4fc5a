"""The database-service: allocate, empty, release. What is intended is written down before anything is made."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from databases import records
from databases.failures import transaction
from databases.hosts import Host
from databases.locking import exclusively
from databases.messages import Allocation
from databases.names import database_name
from databases.placement import place as choose_place
from databases.ports import Held, InstanceGuard
from databases.records import Place, Record
from databases.secrets import Vault, new_password
from schemas.errors import DatabaseRefused, RepriseError
from schemas.payloads import ReceiptLine

EMPTYING = 2
"""How many databases are emptied at once: each takes two connections of the pool, of which the second must be free."""


class DatabaseService:
    """Each method is idempotent, safe to call by many at once, and completes what a crashed call began.

    Any of them may raise NotYet (another call is under way, a server is not ready), DependencyDown and ClusterDown.
    """

    def __init__(self, engine: AsyncEngine, vault: Vault, hosts: Mapping[str, Host], guard: InstanceGuard) -> None:
        """`engine`: a pool of at least EMPTYING + 1 connections. `hosts`: "shared", "dedicated", "adopted"."""
        self._engine = engine
        self._vault = vault
        self._hosts = hosts
        self._guard = guard
        self._emptying = asyncio.Semaphore(EMPTYING)

    async def allocate(self, instance_id: UUID, customer_id: str, db_type: str) -> Allocation:
        """The instance's database, made if it is not there, with the password that works.

        Raises DatabaseRefused where the instance's database was released, belongs to another customer or is of
        another type, where no server has room, and in the words of a server that says no.
        """
        await self._intend(instance_id, customer_id, db_type)
        try:
            return await self._make(instance_id, customer_id, db_type)
        except RepriseError:
            await self._undo_if_released(instance_id)
            raise

    async def empty(self, instance_id: UUID, attempt: int) -> list[ReceiptLine]:
        """Drops what is in the database of an instance that never ran; once an attempt.

        Raises DatabaseRefused where the instance is unknown, has run, is at another attempt, or was released.
        """
        async with self._emptying, self._guard.holding(instance_id) as held:
            _check_may_empty(held, attempt)
            async with exclusively(self._engine, instance_id) as connection:
                record = await records.get(connection, instance_id)
                return await self._empty(connection, instance_id, record, attempt)

    async def release(self, instance_id: UUID) -> list[ReceiptLine]:
        """Removes the database for good: from now on the instance gets none. Answers what became of each object."""
        async with transaction(self._engine) as connection:
            await records.bury(connection, instance_id)
        async with exclusively(self._engine, instance_id) as connection:
            record = await records.get(connection, instance_id)
            if record is None or record.removed:
                return [_database(instance_id, "absent", "was removed before")]
            lines = await self._remove(instance_id, record.place)
            await records.removed(connection, instance_id, record.place)
        return lines

    def _host(self, place: Place) -> Host:
        return self._hosts["adopted" if place.adopted else place.db_type]

    async def _intend(self, instance_id: UUID, customer_id: str, db_type: str) -> None:
        async with transaction(self._engine) as connection:
            if await records.get(connection, instance_id) is not None:
                return
            password = self._vault.encrypt(new_password())
            place = await choose_place(connection, instance_id, customer_id, db_type, password)
            if place is not None:
                await records.intend(connection, place)

    async def _make(self, instance_id: UUID, customer_id: str, db_type: str) -> Allocation:
        async with exclusively(self._engine, instance_id) as connection:
            place = _open_place(await records.get(connection, instance_id))
            _check_same(place, customer_id, db_type)
            password = self._vault.decrypt(place.password or "")
            host, port = await self._host(place).make(place, password)
            if not await records.allocated(connection, place, host, port):
                raise _released()
        return Allocation(
            db_server_id=place.server.id,
            host=host,
            port=port,
            database=place.database,
            username=place.username,
            password=password,
        )

    async def _undo_if_released(self, instance_id: UUID) -> None:
        """Who was stopped for so long that it lost its lock may have made something after a release had ended."""
        with suppress(RepriseError):
            async with transaction(self._engine) as connection:
                record = await records.get(connection, instance_id)
            if record is not None and record.released:
                async with exclusively(self._engine, instance_id):
                    await self._remove(instance_id, record.place)

    async def _remove(self, instance_id: UUID, place: Place | None) -> list[ReceiptLine]:
        if place is None:
            return [_database(instance_id, "absent", "was never made")]
        return await self._host(place).remove(place)

    async def _empty(
        self, connection: AsyncConnection, instance_id: UUID, record: Record | None, attempt: int
    ) -> list[ReceiptLine]:
        if record is None or not (record.allocated or record.released):
            return [_database(instance_id, "absent", "was never handed out")]
        place = _open_place(record)
        if record.emptied_for_attempt >= attempt:
            return [_database(instance_id, "emptied", f"for attempt {attempt}, before")]
        await self._host(place).empty(place)
        await records.emptied(connection, instance_id, attempt)
        return [_database(instance_id, "emptied", f"its initialisation had begun in attempt {attempt}")]


def _released() -> DatabaseRefused:
    return DatabaseRefused("The instance's database was released; it gets no other one")


def _open_place(record: Record | None) -> Place:
    if record is None or record.released or record.place is None:
        raise _released()
    return record.place


def _check_same(place: Place, customer_id: str, db_type: str) -> None:
    if place.customer_id != customer_id:
        raise DatabaseRefused(f"The instance's database belongs to another customer than {customer_id}")
    if place.db_type != db_type:
        raise DatabaseRefused(f"The instance has a {place.db_type} database; it cannot become a {db_type} one")


def _check_may_empty(held: Held | None, attempt: int) -> None:
    if held is None:
        raise DatabaseRefused("Instance not found")
    if held.has_run:
        raise DatabaseRefused("The instance has run: its database holds a customer's work and is never emptied")
    if held.attempt != attempt:
        raise DatabaseRefused(f"The instance is at attempt {held.attempt}: its database is not emptied for {attempt}")


def _database(instance_id: UUID, action: str, why: str) -> ReceiptLine:
    return ReceiptLine.model_validate(
        {"kind": "Database", "name": database_name(instance_id), "action": action, "why": why}
    )
