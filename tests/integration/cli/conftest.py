"""One real API process for all tests of the command line, and hands to bring instances into a state."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from api.services import Backend
from api.tokens import Role, mint_token
from bus.connection import connected
from cli import app
from cluster.profiles import Profiles
from embedded.child import Child
from embedded.cluster import SimulatedCluster
from embedded.nats import Nats
from embedded.postgres import Postgres
from embedded.probing import answers
from embedded.state import fernet_key
from persistence.engine import make_engine
from persistence.exports.streaming import Exporter
from persistence.signing import new_key
from persistence.writer import Writer
from schemas.settings import Settings
from statemachine.policy import Policy
from tests.integration.api.conftest import FakeCluster, FakeExisting, FakeServers
from tests.integration.api.world import World
from tests.support.ports import free_port
from tests.support.postgres import administration
from tests.support.running import running_for_session


@dataclass(frozen=True)
class Service:
    """A running `reprise serve --only api,database-service`."""

    url: str
    settings: Settings

    def token(self, role: Role = Role.ADMIN, customer: str | None = None) -> str:
        return mint_token(self.settings, role, f"test-{role}", customer)


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Reprise = Callable[..., Said]


@pytest.fixture(scope="session")
def cluster_of_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a simulated cluster with 4 CPUs."""
    directory = tmp_path_factory.mktemp("data") / "cluster"
    cluster = SimulatedCluster(directory, free_port(), directory / "kubeconfig", secrets.token_urlsafe())
    with running_for_session(cluster.child()):
        yield cluster.kubeconfig


@pytest.fixture(scope="session")
def service(
    postgres_server: Postgres, migrated_template: str, nats_server: Nats, cluster_of_service: Path
) -> Iterator[Service]:
    """The process, with a database of its own."""
    name, port = f"cli_{secrets.token_hex(6)}", free_port()
    asyncio.run(_create(postgres_server, name, migrated_template))
    settings = Settings(
        database_url=postgres_server.url(name),
        nats_url=nats_server.url,
        cluster="simulated",
        kubeconfig=cluster_of_service,
        port=port,
        jwt_secret=SecretStr("s" * 32),
        event_key=SecretStr("e" * 32),
        database_keys=SecretStr(fernet_key()),
        console_key=SecretStr(fernet_key()),
        audit_signing_key=SecretStr(new_key()),
    )
    with running_for_session(_child(settings)):
        yield Service(f"http://127.0.0.1:{port}", settings)


def _child(settings: Settings) -> Child:
    return Child(
        name="api",
        command=(sys.executable, "-m", "cli.main", "serve", "--only", "api,database-service"),
        ready=lambda: answers("127.0.0.1", settings.port, "/readyz", status=200),
        environment=bare() | variables(settings),
    )


async def _create(server: Postgres, name: str, template: str) -> None:
    async with administration(server) as connection:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def bare() -> dict[str, str]:
    """This process's environment without what somebody set for a Reprise of their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}


def variables(settings: Settings) -> dict[str, str]:
    """The environment that makes these settings."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        f"REPRISE_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
    }


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment that says nothing about any Reprise."""
    for name in set(os.environ) - set(bare()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(nowhere: Path, capfd: pytest.CaptureFixture[str]) -> Reprise:
    """Runs one command line inside this process."""

    def reprise(*arguments: str) -> Said:
        capfd.readouterr()
        code = app.main(list(arguments))
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return reprise


@pytest.fixture
def reprise(run: Reprise, service: Service, monkeypatch: pytest.MonkeyPatch) -> Reprise:
    """The same with REPRISE_URL and REPRISE_TOKEN set, as an admin."""
    monkeypatch.setenv("REPRISE_URL", service.url)
    monkeypatch.setenv("REPRISE_TOKEN", service.token())
    return run


@pytest_asyncio.fixture
async def world(service: Service) -> AsyncIterator[World]:
    """Makes instances through the API and moves them with the state machine, as facts would."""
    async with world_of(service) as made:
        yield made


@asynccontextmanager
async def world_of(service: Service) -> AsyncIterator[World]:
    """The same of any such process."""
    engine = make_engine(service.settings.database_url)
    writer = Writer(engine, Policy.of(service.settings))

    def client(role: Role, customer: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {service.token(role, customer)}"}
        return httpx.AsyncClient(base_url=service.url, headers=headers)

    async with (
        connected(service.settings, "test") as nats,
        client(Role.ADMIN) as admin,
        client(Role.CUSTOMER, "acme") as acme,
    ):
        cluster = FakeCluster()
        exporter = Exporter(service.settings.database_url, engine, None, "reprise")
        parts = (cluster, cluster, FakeExisting(), FakeServers(), Profiles().accept, exporter)
        backend = Backend(engine, writer, nats, *parts)
        yield World(backend, nobody=admin, admin=admin, acme=acme, other=admin, service=admin)
    await engine.dispose()
