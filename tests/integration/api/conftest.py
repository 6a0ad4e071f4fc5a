"""The application on a real PostgreSQL and a real NATS, spoken to over ASGI; the cluster is told what to say."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from api import checks
from api.app import create_app
from api.gauges import of_bus, of_database
from api.metrics import Metrics
from api.ports import Thing
from api.server import bind, serve
from api.services import Backend, Services
from api.tokens import Role, mint_token
from bus.connection import connect, jetstream
from bus.streams import ensure
from cluster.adoption import Survey
from cluster.orphans import Known, Orphan
from cluster.profiles import Profile, Profiles
from cluster.resources import Resource
from databases.messages import Access
from databases.servers import SharedServer
from persistence.engine import make_engine
from persistence.exports.streaming import Exporter
from persistence.signing import Signer, new_key
from persistence.writer import Writer
from schemas.adoption import ExistingObjects, Inspection
from schemas.errors import ClusterDown, DependencyDown
from schemas.payloads import DatabaseRef
from schemas.requests import DatabaseType
from schemas.settings import Settings
from schemas.views import Capacity, DatabaseServerView, Foreseen, NodeRoom
from statemachine.instance import Instance
from statemachine.policy import Policy
from tests.integration.api.world import World

PROFILES = Profiles(profiles={"large": Profile(cpu="2", memory="4Gi", volume="50Gi")})

SIGNER = Signer(new_key())
SECRETS = {"jwt_secret": "s" * 32, "event_key": "e" * 32}


@dataclass
class FakeCluster:
    """Says what the test wants it to; the real one is met in tests/contract and tests/e2e."""

    answer: Capacity = field(
        default_factory=lambda: Capacity(
            fits=True,
            short=None,
            nodes=[
                NodeRoom(
                    name="node-1",
                    cpu=4,
                    cpu_used=1,
                    memory=2**33,
                    memory_used=0,
                    pods=110,
                    pods_used=1,
                    ready=True,
                    short=None,
                )
            ],
        )
    )
    things: list[Thing] = field(default_factory=list)
    database_things: list[Thing] = field(default_factory=list)
    there: list[Resource] = field(default_factory=list)
    down: bool = False
    hangs: bool = False
    password: str = ""
    unwanted: list[Orphan] = field(default_factory=list)
    asked: Instance | None = None

    async def capacity(self, instance: Instance) -> Capacity:
        self.asked = instance
        if self.down:
            raise ClusterDown("connection refused", retry_after=7)
        return self.answer

    async def existing(self, instance: Instance) -> Sequence[Thing]:
        return self.things

    async def servers(self, instance: Instance) -> Sequence[Thing]:
        return self.database_things

    async def resources(self, instance: Instance) -> Sequence[Resource]:
        if self.down:
            raise ClusterDown("connection refused", retry_after=7)
        if self.hangs:
            await asyncio.Event().wait()
        return self.there

    async def admin_password(self, instance: Instance) -> str:
        if self.down:
            raise ClusterDown("connection refused", retry_after=7)
        return self.password

    async def orphans(self, known: Known) -> Sequence[Orphan]:
        return self.unwanted

    async def remove_orphans(self, unwanted: Sequence[Orphan]) -> list[Orphan]:
        self.unwanted = [each for each in self.unwanted if each not in unwanted]
        return list(unwanted)

    def planned(self, instance: Instance) -> Sequence[Thing]:
        return [Thing("Deployment", f"{instance.name}-{instance.attempt}")]

    def expected(self, instance: Instance) -> Sequence[Thing]:
        return self.planned(instance)


@dataclass
class FakeServers:
    """A registry that says what the test wants it to; the real one is met in tests/integration/databases and cli."""

    answer: Foreseen = field(default_factory=lambda: Foreseen(server="pg-1", short=None))
    added: list[SharedServer] = field(default_factory=list)
    drained: dict[str, bool] = field(default_factory=dict)
    down: bool = False
    inspection: Inspection = field(
        default_factory=lambda: Inspection(db_server_id="pg-1", host="pg-1", port=5432, exists=True, initialised=True)
    )
    adopted: list[tuple[UUID, Access]] = field(default_factory=list)

    async def reachable(self) -> None:
        if self.down:
            raise DependencyDown("database-service", "connection refused")

    async def inspect(self, access: Access) -> Inspection:
        return self.inspection

    async def adopt(self, instance_id: UUID, customer_id: str, db_type: DatabaseType, access: Access) -> DatabaseRef:
        self.adopted.append((instance_id, access))
        where = self.inspection.model_dump(include={"db_server_id", "host", "port"})
        return DatabaseRef(**where, database=access.database, username=access.username)

    async def servers(self) -> Sequence[DatabaseServerView]:
        return [
            DatabaseServerView(
                id=server.id,
                host=server.host,
                port=server.port,
                username=server.user,
                capacity=server.capacity,
                used=0,
                free=server.capacity,
                drained=self.drained.get(server.id, False),
                reachable=True,
                why_not=None,
            )
            for server in self.added
        ]

    async def foreseen(self) -> Foreseen:
        return self.answer

    async def add_server(self, server: SharedServer) -> None:
        self.added.append(server)

    async def drain_server(self, server_id: str, *, drained: bool) -> None:
        self.drained[server_id] = drained


@dataclass
class FakeExisting:
    """What there is in the cluster, as the test has it; the real survey is met in tests/integration/cluster."""

    found: Survey = field(default_factory=Survey)
    taken: list[Instance] = field(default_factory=list)
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)
    installation: str = "reprise"

    async def survey(self, wanted: ExistingObjects, now: datetime) -> Survey:
        return self.found

    async def take(self, instance: Instance, found: Survey) -> None:
        self.taken.append(instance)

    async def secret_value(self, name: str, key: str) -> str:
        return self.secrets.get((name, key), "")


@pytest.fixture
def existing() -> FakeExisting:
    """The cluster as an adoption asks it."""
    return FakeExisting()


@pytest.fixture
def servers() -> FakeServers:
    """The registry as the API asks it."""
    return FakeServers()


@pytest.fixture
def settings(database: str, nats_url: str) -> Settings:
    """Settings of one process with part api."""
    return Settings(database_url=database, nats_url=nats_url, **SECRETS)


@pytest.fixture
def cluster() -> FakeCluster:
    """The cluster as the API asks it."""
    return FakeCluster()


@pytest_asyncio.fixture
async def backend(
    settings: Settings, cluster: FakeCluster, existing: FakeExisting, servers: FakeServers
) -> AsyncIterator[Backend]:
    """What the routes work with."""
    engine = make_engine(settings.database_url)
    client = await connect(settings, "api")
    await ensure(jetstream(client))
    made = Backend(
        engine=engine,
        writer=Writer(engine, Policy.of(settings)),
        nats=client,
        room=cluster,
        objects=cluster,
        accept=PROFILES.accept,
        exporter=Exporter(settings.database_url, engine, SIGNER, settings.installation),
        existing=existing,
        databases=servers,
    )
    yield made
    made.stopping.set()
    await client.close()
    await engine.dispose()


@pytest.fixture(scope="session")
def application() -> FastAPI:
    """Its routes, which take half a second to be built and described: the same in every test."""
    return create_app(Settings(**SECRETS), Services(backend=cast(Backend, object())))


@pytest.fixture
def app(application: FastAPI, backend: Backend) -> FastAPI:
    """The application on the test's own parts, counting what it decides."""
    metrics = Metrics()
    backend.writer.observers = (metrics.on_results,)
    application.state.services = Services(
        metrics=metrics,
        checks={"postgresql": checks.postgresql(backend.engine), "nats": checks.nats(backend.nats)},
        sources=(of_database(backend.engine), of_bus(jetstream(backend.nats))),
        backend=backend,
    )
    return application


@pytest_asyncio.fixture
async def world(app: FastAPI, settings: Settings, backend: Backend) -> AsyncIterator[World]:
    """Clients of every role, and a hand on the state machine."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def client(role: Role | None, customer: str | None = None) -> httpx.AsyncClient:
        token = mint_token(settings, role, f"test-{role}", customer) if role else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=transport, base_url="http://reprise", headers=headers)

    made = World(
        backend=backend,
        nobody=client(None),
        admin=client(Role.ADMIN),
        acme=client(Role.CUSTOMER, "acme"),
        other=client(Role.CUSTOMER, "other"),
        service=client(Role.SERVICE),
    )
    yield made
    for one in made.clients.values():
        await one.aclose()


@pytest_asyncio.fixture
async def address(app: FastAPI, world: World) -> AsyncIterator[str]:
    """Where a real server serves the application; ended by the event that ends the process."""
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving = asyncio.create_task(serve(app, listening, world.backend.stopping))
    yield url
    world.backend.stopping.set()
    async with asyncio.timeout(30):
        await serving
