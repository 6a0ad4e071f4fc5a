"""The part `database`: carries out database.allocate by asking the database-service, and says what came of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from bus.connection import connected, jetstream
from bus.publisher import Publisher
from bus.streams import DATABASE
from consumers.converge.parts import make_fact
from consumers.effects import Effect
from consumers.subscribing import subscribe
from databases.messages import Allocation
from persistence import instances
from persistence.engine import make_engine
from schemas.codes import ErrorCode
from schemas.errors import DatabaseRefused
from schemas.events import Actor, Event
from schemas.payloads import DatabaseAllocated, Failure
from schemas.settings import Settings
from schemas.text import cleaned
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State

ACTOR = Actor("database", "database")


class Allocates(Protocol):
    """The database-service, as far as it is needed here."""

    async def allocate(self, instance_id: UUID, customer_id: str, db_type: str) -> Allocation:
        """The database of the instance, made if there is none. Raises NotYet, DependencyDown, DatabaseRefused."""
        ...


class Publishes(Protocol):
    """Where facts go."""

    async def publish(self, *events: Event) -> None:
        """Returns when they are safe."""
        ...


class Allocating:
    """Level triggered: the command says which instance to look at, the row says whether it still wants a database."""

    def __init__(
        self,
        engine: AsyncEngine,
        databases: Allocates,
        publisher: Publishes,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._databases = databases
        self._publisher = publisher
        self._clock = clock

    async def work(self, event: Event) -> None:
        """One command. Raises NotYet where the database is not there yet, DependencyDown: then come back.

        An instance that is deleted meanwhile leaves nothing: the database-service refuses, or takes back what it made.
        """
        row = await instances.get(self._engine, event.instance_id)
        if row is not None and row.state is State.ALLOCATING_DATABASE:
            await self._publisher.publish(await self._fact(row))

    async def _fact(self, row: Instance) -> Event:
        try:
            allocation = await self._databases.allocate(row.id, row.customer_id, row.request.db_type)
        except DatabaseRefused as refusal:
            why = cleaned(f"No database could be allocated: {refusal}")
            failure = Failure(error_code=ErrorCode.DATABASE_UNAVAILABLE, error_message=why)
            return make_fact(row, EventType.DATABASE_FAILED, failure, why, ACTOR, self._clock())
        # what is said has no field for the password
        reference = DatabaseAllocated.model_validate(allocation.reference().model_dump())
        return make_fact(row, EventType.DATABASE_ALLOCATED, reference, reference.database, ACTOR, self._clock())


async def run(settings: Settings, stop: asyncio.Event, databases: Allocates) -> None:
    """Until `stop` is set."""
    engine = make_engine(settings.database_url, pool_size=4)
    async with connected(settings, DATABASE) as client:
        js = jetstream(client)
        allocating = Allocating(engine, databases, Publisher(js, settings.event_key_bytes))
        effect = Effect(
            js, DATABASE, settings.event_key_bytes, allocating.work, superseded_after=settings.overdue_limit
        )
        await subscribe(settings, js, effect, DATABASE, settings.effect_concurrency, stop)
    await engine.dispose()
