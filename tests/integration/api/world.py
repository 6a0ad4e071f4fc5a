"""What tests of the API do over and over: create instances, and bring them into the state the test is about."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.services import Backend
from persistence import instances
from schemas.codes import ErrorCode
from schemas.events import Actor, Event
from schemas.payloads import DatabaseAllocated, Failure, Nothing, Progress, Receipt, Scheduled
from schemas.requests import Closed
from schemas.types import EventType
from statemachine.decision import Outcome
from statemachine.instance import Instance

TIMED_OUT = "0/1 nodes are available: 1 Insufficient cpu."
FAILURE = Failure(error_code=ErrorCode.INSUFFICIENT_RESOURCES, error_message=f"Did not fit: {TIMED_OUT}")
DATABASE = DatabaseAllocated(db_server_id="shared-1", host="db", port=5432, database="acme_shop", username="acme_shop")


@dataclass
class World:
    """Clients by role, and the backend they speak to."""

    backend: Backend
    nobody: httpx.AsyncClient
    admin: httpx.AsyncClient
    acme: httpx.AsyncClient
    other: httpx.AsyncClient
    service: httpx.AsyncClient

    @property
    def clients(self) -> dict[str, httpx.AsyncClient]:
        """All of them, by name."""
        names = ("nobody", "admin", "acme", "other", "service")
        return {name: getattr(self, name) for name in names}

    async def create(self, name: str = "shop", **changes: Any) -> dict[str, Any]:
        """A new instance of acme, as the API shows it."""
        answer = await self.acme.post("/api/instances", json={"name": name, **changes})
        assert answer.status_code == 202, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def instance(self, instance_id: str | UUID) -> Instance:
        """As it is in PostgreSQL."""
        found = await instances.get(self.backend.engine, UUID(str(instance_id)))
        assert found is not None
        return found

    async def say(self, instance_id: str | UUID, event_type: EventType, data: Closed | None = None) -> Instance:
        """A fact of the instance's present step, as its part would say it; it must be applied."""
        before = await self.instance(instance_id)
        fact = Event(
            id=uuid4(),
            type=event_type,
            instance_id=before.id,
            time=datetime.now(UTC),
            actor=Actor("watcher", "watcher"),
            data=data if data is not None else Nothing(),
            correlation_id=before.job_id,
            attempt=before.attempt,
            step=before.step,
        )
        [result] = await self.backend.writer.apply([fact])
        assert result.outcome is Outcome.APPLIED, result.why
        assert result.instance is not None
        return replace(result.instance)

    async def deploying(self, name: str = "shop") -> str:
        """An instance whose pod finds no room."""
        created = await self.create(name)
        identity: str = created["id"]
        await self.say(identity, EventType.PROVISION_ADMITTED)
        await self.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
        await self.say(identity, EventType.DEPLOY_APPLIED)
        progress = Progress(error_code=ErrorCode.INSUFFICIENT_RESOURCES, cause=TIMED_OUT)
        await self.say(identity, EventType.DEPLOY_PROGRESSING, progress)
        return identity

    async def cleaning_up(self, name: str = "shop") -> str:
        """An instance that has failed and is being cleaned up."""
        identity = await self.deploying(name)
        await self.say(identity, EventType.DEPLOY_FAILED, FAILURE)
        return identity

    async def failed(self, name: str = "shop") -> str:
        """An instance in error, clean."""
        identity = await self.cleaning_up(name)
        await self.say(identity, EventType.CLEANUP_COMPLETED, Receipt(objects=()))
        return identity

    async def running(self, name: str = "shop") -> str:
        """An instance that runs."""
        identity = await self.initializing(name)
        await self.say(identity, EventType.DEPLOY_READY)
        return identity

    async def initializing(self, name: str = "shop") -> str:
        """An instance whose pod a node has taken: its database may be half initialised."""
        identity = await self.deploying(name)
        await self.say(identity, EventType.DEPLOY_SCHEDULED, Scheduled(node="node-1"))
        return identity
