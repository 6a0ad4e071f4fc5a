"""All parts together on a real PostgreSQL, a real NATS server and a cluster; only the database-service is stood in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bus import relay
from bus.connection import connected, jetstream
from bus.streams import CHANGES_STREAM, STREAM_OF
from cluster.client import Cluster
from consumers import cluster as cluster_part
from consumers import database as database_part
from consumers import lifecycle, watcher
from persistence import instances
from persistence.writer import Writer
from schemas.codes import ErrorCode
from schemas.events import Actor, wish
from schemas.payloads import DeleteRequested, ProvisionRequested, RetryRequested
from schemas.requests import Closed, InstanceRequest, RequestChange
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from tests.integration.consumers.test_watcher import NO_NODE
from tests.integration.consumers.world import Databases
from tests.support.parts import Run, part
from tests.support.waiting import until

ALICE = Actor("cli", "alice")


@pytest.fixture
def eager(settings: Settings, cluster_settings: Settings) -> Settings:
    """Settings of all parts, which say again soon what was not heard."""
    return settings.model_copy(
        update={
            "kubeconfig": cluster_settings.kubeconfig,
            "namespace": cluster_settings.namespace,
            "installation": cluster_settings.installation,
            "overdue_after": 2,
            "resync_every": 1.0,
            "failure_grace": 1.0,
        }
    )


@asynccontextmanager
async def everything(settings: Settings, databases: Databases, *, watchers: int = 1) -> AsyncIterator[None]:
    """Every part but the database-service."""

    async def cluster(settings: Settings, stop: asyncio.Event) -> None:
        await cluster_part.run(settings, stop, databases)

    async def database(settings: Settings, stop: asyncio.Event) -> None:
        await database_part.run(settings, stop, databases)

    async def watch(settings: Settings, stop: asyncio.Event) -> None:
        await watcher.run(settings, stop, databases)

    runs: list[Run] = [lifecycle.run, relay.run, database, cluster, *([watch] * watchers)]
    async with AsyncExitStack() as stack:
        for run in runs:
            await stack.enter_async_context(part(run, settings))
        yield


class People:
    """What people do, and see."""

    def __init__(self, engine: AsyncEngine, settings: Settings) -> None:
        self.id: UUID = uuid4()
        self._engine = engine
        self._writer = Writer(engine, Policy.of(settings))

    async def wish(self, event_type: EventType, data: Closed | None = None) -> None:
        await self._writer.apply([wish(event_type, self.id, ALICE, datetime.now(UTC), data)])

    async def provision(self, **request: str) -> None:
        name = f"shop-{self.id.hex[:8]}"
        wanted = ProvisionRequested(customer_id="acme", name=name, request=InstanceRequest.model_validate(request))
        await self.wish(EventType.PROVISION_REQUESTED, wanted)

    async def sees(self, state: State) -> Instance:
        async def seen() -> Instance | None:
            row = await instances.get(self._engine, self.id)
            return row if row is not None and row.state is state else None

        row = await until(seen, 60, what=f"the instance to be {state}")
        assert row is not None
        return row


@pytest.fixture
def people(engine: AsyncEngine, eager: Settings) -> People:
    return People(engine, eager)


async def test_a_failure_for_lack_of_room_is_cleaned_up_explained_and_retried(
    eager: Settings, people: People, cluster: Cluster
) -> None:
    async with everything(eager, Databases()):
        await people.provision(cpu="64", patience="10s")
        failed = await people.sees(State.ERROR)
        assert (failed.status, failed.provisioning_status) == ("error", "failed")
        assert failed.error_code is ErrorCode.INSUFFICIENT_RESOURCES
        assert re.fullmatch(f"Deployment did not become ready within 10 s: {NO_NODE}", failed.error_message or "")
        await people.wish(EventType.RETRY_REQUESTED, RetryRequested(change=RequestChange(cpu="500m")))
        running = await people.sees(State.RUNNING)
        assert running.attempt == 2
        await people.wish(EventType.DELETE_REQUESTED, DeleteRequested(now=True))
        await people.sees(State.DELETED)


async def test_everything_ends_as_it_should_though_the_streams_are_deleted_meanwhile(
    eager: Settings, people: People, cluster: Cluster
) -> None:
    async with everything(eager, Databases()), connected(eager, "test") as client:
        await people.provision()
        await people.sees(State.DEPLOYING)
        js = jetstream(client)
        for stream in STREAM_OF.values():
            await js.delete_stream(stream)
        await js.delete_stream(CHANGES_STREAM)
        await people.sees(State.RUNNING)


async def test_two_watchers_do_no_harm(eager: Settings, people: People, cluster: Cluster) -> None:
    async with everything(eager, Databases(), watchers=2):
        await people.provision()
        await people.sees(State.RUNNING)
        await people.wish(EventType.STOP_REQUESTED)
        await people.sees(State.STOPPED)
        await people.wish(EventType.START_REQUESTED)
        await people.sees(State.RUNNING)
