"""What converging works with: the row, the cluster, the database-service, and the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.client import Cluster
from cluster.profiles import Profiles
from cluster.removal import Check
from persistence import brake, instances
from schemas.events import Actor, Event, fact_id
from schemas.payloads import ReceiptLine
from schemas.requests import Closed, DatabaseType
from schemas.types import EventType
from statemachine.instance import Instance

CLUSTER = Actor("cluster", "cluster")


class Allocation(Protocol):
    """How a database is reached; fetched fresh, kept nowhere."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def database(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...


class Databases(Protocol):
    """The database-service. Every method raises NotYet, DependencyDown or DatabaseRefused, and is idempotent."""

    async def allocate(self, instance_id: UUID, customer_id: str, db_type: DatabaseType) -> Allocation:
        """The database of the instance, made if there is none."""
        ...

    async def empty(self, instance_id: UUID, attempt: int) -> object:
        """Make it an empty one; done once an attempt, refused once the instance has run."""
        ...

    async def release(self, instance_id: UUID) -> list[ReceiptLine]:
        """Remove it for good."""
        ...


class Moved(Exception):
    """The row has moved since it was read: what was being done may not be wanted any more. Look again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """`grace`: how many seconds a failing container may fail before that counts."""

    engine: AsyncEngine
    cluster: Cluster
    databases: Databases
    profiles: Profiles
    grace: float
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def row(self, instance_id: UUID) -> Instance | None:
        """The row as it is now."""
        return await instances.get(self.engine, instance_id)

    async def braked(self) -> bool:
        """Whether the brake is on: nothing is healed then."""
        return await brake.engaged(self.engine) is not None

    def check(self, row: Instance) -> Check:
        """Raises Moved where the row is not in the state any more in which it was read."""

        async def unmoved() -> None:
            now = await self.row(row.id)
            if now is None or now.step != row.step:
                raise Moved

        return unmoved

    def fact(self, row: Instance, event_type: EventType, data: Closed, observed: str) -> Event:
        """What was done or seen, under the step under which the row was read."""
        return make_fact(row, event_type, data, observed, CLUSTER, self.clock())


def make_fact(row: Instance, event_type: EventType, data: Closed, observed: str, actor: Actor, now: datetime) -> Event:
    """A fact about an instance; `observed` tells apart what is worth saying again under the same step."""
    return Event(
        id=fact_id(row.id, row.step, event_type, observed),
        type=event_type,
        instance_id=row.id,
        time=now,
        actor=actor,
        data=data,
        correlation_id=row.job_id,
        attempt=row.attempt,
        step=row.step,
    )
