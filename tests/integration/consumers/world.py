"""The surroundings of one instance: what people wish, what parts say, and what is seen of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.client import Cluster
from cluster.kinds import SECRET
from cluster.profiles import Profiles
from cluster.sight import Sight, look
from consumers.converge.converger import Converger
from consumers.converge.parts import Parts, make_fact
from databases.messages import Allocation
from persistence import instances
from persistence.brake import Limits
from persistence.writer import Writer
from schemas.errors import ClusterDown, NotYet
from schemas.events import Actor, Event, wish
from schemas.payloads import DatabaseAllocated, Nothing, ProvisionRequested, ReceiptLine, Scheduled, TimerDue
from schemas.requests import Closed, InstanceRequest
from schemas.types import EventType
from statemachine.decision import Outcome
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from tests.support.waiting import until

ALICE = Actor("cli", "alice")
NO_ROOM = {"cpu": "64"}


class Databases:
    """A database-service that answers at once and remembers what it was asked."""

    def __init__(self) -> None:
        self.emptied: list[tuple[UUID, int]] = []
        self.released: list[UUID] = []

    async def allocate(self, instance_id: UUID, customer_id: str, db_type: str) -> Allocation:
        return Allocation(db_server_id="s", host="db", port=5432, database="odoo", username="odoo", password="secret")

    async def empty(self, instance_id: UUID, attempt: int) -> None:
        self.emptied.append((instance_id, attempt))

    async def release(self, instance_id: UUID) -> list[ReceiptLine]:
        self.released.append(instance_id)
        return [ReceiptLine(kind="Database", name="odoo", action="deleted", why="the instance was deleted")]


class Deciding:
    """A publisher whose facts are decided at once, as the lifecycle part would soon do."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.published: list[Event] = []

    async def publish(self, *events: Event) -> None:
        self.published.extend(events)
        if events:
            await self._writer.apply(events)


class World:
    """One instance, by `id`. `grace` 0: what fails has failed."""

    def __init__(self, engine: AsyncEngine, cluster: Cluster) -> None:
        self.id = uuid4()
        self.engine = engine
        self.cluster = cluster
        self.databases = Databases()
        self.writer = Writer(engine, Policy(), brake_limits=Limits(share=1))
        self.publisher = Deciding(self.writer)
        self.parts = Parts(engine, cluster, self.databases, Profiles(), grace=0.0)
        self.converger = Converger(self.parts, self.publisher)

    @property
    def facts(self) -> list[EventType]:
        """What effects and watcher have said so far."""
        return [event.type for event in self.publisher.published]

    async def row(self) -> Instance:
        """As it is now."""
        found = await instances.get(self.engine, self.id)
        assert found is not None
        return found

    async def state(self) -> State:
        """Where it is now."""
        return (await self.row()).state

    async def wish(self, event_type: EventType, data: Closed | None = None) -> None:
        """A person wishes, and it is accepted."""
        [result] = await self.writer.apply([self.event(event_type, data)])
        assert result.outcome is Outcome.APPLIED, result.why

    def event(self, event_type: EventType, data: Closed | None = None) -> Event:
        """A person's wish, not yet decided."""
        return wish(event_type, self.id, ALICE, datetime.now(UTC), data)

    async def fact(self, event_type: EventType, data: Closed | None = None) -> None:
        """Some part says so under the present step, and it is accepted."""
        row = await self.row()
        event = make_fact(row, event_type, data or Nothing(), str(uuid4()), Actor("test", "test"), datetime.now(UTC))
        [result] = await self.writer.apply([event])
        assert result.outcome is Outcome.APPLIED, result.why

    async def deploying(self, **request: Any) -> None:
        """Accepted, admitted, with a database: the state in which deploy.apply was sent."""
        wanted = ProvisionRequested(
            customer_id="acme", name=f"shop-{self.id.hex[:8]}", request=InstanceRequest(**request)
        )
        await self.wish(EventType.PROVISION_REQUESTED, wanted)
        await self.admitted()

    async def admitted(self) -> None:
        """From pending to deploying."""
        await self.fact(EventType.PROVISION_ADMITTED)
        allocation = await self.databases.allocate(self.id, "acme", "shared")
        await self.fact(EventType.DATABASE_ALLOCATED, DatabaseAllocated(**allocation.reference().model_dump()))

    async def running(self) -> None:
        """Deployed, ready in the cluster, and known to be so."""
        await self.deploying()
        await self.converge()
        await self.seen_ready()
        await self.fact(EventType.DEPLOY_READY)

    async def initializing(self, **request: Any) -> None:
        """Deployed, and a node has taken the pod."""
        await self.deploying(**request)
        await self.converge()
        await self.fact(EventType.DEPLOY_SCHEDULED, Scheduled(node="node-0"))

    async def timed_out(self, timer: EventType = EventType.DEPLOY_TIMEOUT) -> None:
        """The deadline is over."""
        await self.fact(timer, TimerDue(after=180))

    async def converge(self) -> None:
        """As a command would have it done, coming back as often as asked to."""

        async def attempt() -> bool:
            try:
                await self.converger.converge(self.id)
            except (NotYet, ClusterDown):
                return False
            return True

        await until(attempt, 30, what="the instance to be converged")

    async def look(self) -> Sight:
        """What the cluster shows of the present attempt."""
        return await look(self.cluster, await self.row())

    async def seen_ready(self) -> None:
        """A replica is ready."""

        async def ready() -> bool:
            found = (await self.look()).deployment
            return found is not None and found.get("status", {}).get("readyReplicas", 0) > 0

        await until(ready, 30)

    async def seen_on_a_node(self) -> None:
        """A node has taken the pod."""

        async def taken() -> bool:
            return (await self.look()).node is not None

        await until(taken, 30)

    async def cluster_is_ready(self) -> None:
        """The namespace is there."""

        async def made() -> bool:
            try:
                return await self.cluster.apply(SECRET, {"metadata": {"name": "first"}}) is not None
            except ClusterDown:
                return False

        await until(made)

    async def outcomes(self) -> list[tuple[str, str]]:
        """Type and outcome of every row of the audit log."""
        statement = text("SELECT type, outcome FROM audit_log WHERE instance_id = :id ORDER BY sequence")
        async with self.engine.connect() as connection:
            return [(row.type, row.outcome) for row in await connection.execute(statement, {"id": self.id})]
