"""The only writer of instances, audit log and outbox: a batch of events in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from persistence import brake
from persistence import statements as sql
from persistence.batch import Batch, Result
from persistence.chain import Tip
from persistence.engine import transaction
from persistence.rows import from_row, to_arrays
from schemas.events import Event
from schemas.payloads import AdoptRequested, ProvisionRequested
from statemachine.policy import Policy

RACES = 5
"""How often a batch is tried again when another writer was first with the same new instance or event."""


DEFAULT_LIMITS = brake.Limits()


def utc_now() -> datetime:
    """The clock of everything that is recorded."""
    return datetime.now(UTC)


class Writer:
    """Writes decisions. `observers` learn the results after the commit; they must neither block nor raise."""

    def __init__(
        self,
        engine: AsyncEngine,
        policy: Policy,
        *,
        brake_limits: brake.Limits = DEFAULT_LIMITS,
        clock: Callable[[], datetime] = utc_now,
        observers: Sequence[Callable[[Sequence[Result]], None]] = (),
    ) -> None:
        self.engine = engine
        self.policy = policy
        self.brake_limits = brake_limits
        self.clock = clock
        self.observers = tuple(observers)

    async def apply(self, events: Sequence[Event]) -> list[Result]:
        """Decides `events` in order and commits all of it, or nothing; one result an event, in the same order.

        Raises DependencyDown where PostgreSQL is at fault, sqlalchemy.exc.DBAPIError where a value of an event is.
        """
        for race in range(RACES):
            try:
                async with transaction(self.engine) as connection:
                    results = await self.apply_in(connection, events)
            except IntegrityError:
                if race == RACES - 1:
                    raise
                continue
            self.announce(results)
            return results
        raise AssertionError("unreachable: the last race returns or raises")

    async def policy_now(self) -> Policy:
        """The policy under which an event would be decided now: whether the brake is on stands in it."""
        return replace(self.policy, braked=await brake.engaged(self.engine) is not None)

    async def preview(self, events: Sequence[Event]) -> list[Result]:
        """What `apply` would answer now; nothing is written."""
        async with transaction(self.engine) as connection:
            return (await self._locked(connection, events)).run(events)

    async def apply_in(self, connection: AsyncConnection, events: Sequence[Event]) -> list[Result]:
        """The same inside the caller's transaction; the caller announces after its commit."""
        batch = await self._locked(connection, events)
        results = batch.run(events)
        await _write(connection, batch)
        return results

    def announce(self, results: Sequence[Result]) -> None:
        """Tells the observers what has been committed."""
        for observer in self.observers:
            observer(results)

    async def _locked(self, connection: AsyncConnection, events: Sequence[Event], *, again: bool = True) -> Batch:
        """The rows first, then the names taken, then the duplicates.

        The snapshot of the duplicates must be younger than the lock, and than that of the names: a name that the very
        same event has taken meanwhile is no reason to refuse it. An instance that it has made meanwhile is looked for
        once more.
        """
        ids = list({event.instance_id for event in events})
        rows = (await connection.exec_driver_sql(sql.LOCK_INSTANCES, (ids,))).all()
        instances, now = {row.id: from_row(row) for row in rows}, self.clock()
        braked = await brake.is_on(connection, events, instances, now, self.brake_limits)
        taken = await _taken(connection, events)
        known = set((await connection.exec_driver_sql(sql.KNOWN_EVENTS, ([event.id for event in events],))).scalars())
        if again and any(event.id in known and event.instance_id not in instances for event in events):
            return await self._locked(connection, events, again=False)
        return Batch(
            instances=instances,
            tips={row.id: Tip(row.sequence, row.chain) for row in rows},
            known=known,
            taken=taken,
            now=now,
            policy=replace(self.policy, braked=True) if braked else self.policy,
        )


async def _taken(connection: AsyncConnection, events: Sequence[Event]) -> set[tuple[str, str]]:
    beginnings = [event.data for event in events if isinstance(event.data, ProvisionRequested | AdoptRequested)]
    if not beginnings:
        return set()
    names = ([data.customer_id for data in beginnings], [data.name for data in beginnings])
    return {(row.customer_id, row.name) for row in await connection.exec_driver_sql(sql.TAKEN_NAMES, names)}


async def _write(connection: AsyncConnection, batch: Batch) -> None:
    await _write_instances(connection, batch, sql.INSERT_INSTANCES, batch.created)
    await _write_instances(connection, batch, sql.UPDATE_INSTANCES, batch.touched - batch.created)
    if batch.entries:
        await connection.exec_driver_sql(sql.INSERT_ENTRIES, _entry_arrays(batch))
    if batch.timers_decided:
        await connection.exec_driver_sql(
            sql.DROP_DECIDED_TIMERS, tuple(map(list, zip(*batch.timers_decided, strict=True)))
        )
    if batch.timers_dropped:
        await connection.exec_driver_sql(sql.DROP_TIMERS, (list(batch.timers_dropped),))
    messages = batch.outbox()
    if messages:
        await connection.exec_driver_sql(sql.INSERT_OUTBOX, tuple(map(list, zip(*messages, strict=True))))


async def _write_instances(connection: AsyncConnection, batch: Batch, statement: str, ids: set[Any]) -> None:
    if not ids:
        return
    ordered = sorted(ids)
    arrays = to_arrays(batch.instances[instance_id] for instance_id in ordered)
    tips = [batch.tips[instance_id] for instance_id in ordered]
    await connection.exec_driver_sql(statement, (*arrays, [tip.sequence for tip in tips], [tip.hash for tip in tips]))


def _entry_arrays(batch: Batch) -> tuple[list[Any], ...]:
    columns: list[list[Any]] = [
        [getattr(entry, name) for entry, _, _ in batch.entries]
        for name in sql.ENTRY_COLUMNS
        if name not in ("prev_hash", "hash")
    ]
    return (*columns, [prev for _, prev, _ in batch.entries], [digest for _, _, digest in batch.entries])
