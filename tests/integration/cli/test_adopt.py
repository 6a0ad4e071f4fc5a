"""`reprise adopt`, through a real API and database-service, on a cluster and a server that hold somebody's instance."""

import io
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE
from cluster.names import INSTANCE
from embedded.postgres import Postgres
from schemas.settings import Settings
from tests.integration.cli.conftest import Reprise
from tests.integration.cluster.foreign import Foreign
from tests.support.names import unique
from tests.support.postgres import administration

MADE = ((DEPLOYMENT, "odoo-shop"), (CLAIM, "shop-files"), (SERVICE, "shop-web"), (SECRET, "shop-db"))


@dataclass(frozen=True)
class Somebody:
    """An instance that runs: its objects, and the options that name its database."""

    foreign: Foreign
    database: tuple[str, ...]
    password: str


@pytest_asyncio.fixture
async def somebodys(cluster_of_service: Path, postgres_server: Postgres) -> AsyncIterator[Somebody]:
    """Made by hand, in the namespace of the service."""
    name, password = f"shop_{secrets.token_hex(4)}", secrets.token_urlsafe()
    async with administration(postgres_server) as connection:
        await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    async with Cluster(Settings(kubeconfig=cluster_of_service, cluster="simulated")) as cluster:
        foreign = Foreign(cluster)
        await foreign.made()
        await foreign.ready()
        where = ("--db-host", "127.0.0.1", "--db-port", str(postgres_server.port))
        yield Somebody(foreign, (*where, "--db-name", name, "--db-user", name), password)
        for kind, made in MADE:
            found = await cluster.get(kind, made)
            assert found is not None
            await cluster.delete(kind, found)
    async with administration(postgres_server) as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.execute(f"DROP ROLE {name}")


async def test_what_runs_is_shown_first_and_then_taken_as_it_is(
    reprise: Reprise, somebodys: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unique()
    pods = [pod["metadata"]["uid"] for pod in await somebodys.foreign.pods()]
    arguments = ("adopt", "--customer", "acme", "--name", name, "--deployment", "odoo-shop", *somebodys.database)

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{somebodys.password}\n"))
    planned = reprise(*arguments, "--dry-run")
    assert planned.code == 0, planned.err
    assert planned.out.startswith("Nothing has been done. It would be accepted.")
    assert "It would be running." in planned.out
    rows = [line.split()[:3] for line in planned.out.splitlines() if line.startswith(("label", "reuse"))]
    assert rows[:-1] == [
        ["label", "Deployment", "odoo-shop"],
        ["label", "PersistentVolumeClaim", "shop-files"],
        ["label", "Service", "shop-web"],
        ["label", "Secret", "shop-db"],
    ]
    assert INSTANCE not in (await somebodys.foreign.deployment())["metadata"]["labels"]

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{somebodys.password}\n"))
    adopted = reprise(*arguments, "--output", "json")
    instance = json.loads(adopted.out)
    assert (adopted.code, instance["state"]) == (0, "running")
    assert (await somebodys.foreign.deployment())["metadata"]["labels"][INSTANCE] == instance["id"]
    assert [pod["metadata"]["uid"] for pod in await somebodys.foreign.pods()] == pods
    shown = reprise("show", name)
    assert somebodys.password not in planned.out + adopted.out + shown.out
    assert "adopt.requested" in shown.out


async def test_a_wrong_password_is_told_and_nothing_is_labelled(
    reprise: Reprise, somebodys: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("adopt", "--customer", "acme", "--name", unique(), "-l", "app.kubernetes.io/instance=shop")
    secret = ("--db-password-secret", "shop-db/password")  # holds another one
    said = reprise(*arguments, *somebodys.database, *secret)
    assert said.code == 1
    assert "password authentication failed" in said.err
    assert INSTANCE not in (await somebodys.foreign.deployment())["metadata"]["labels"]


async def test_a_secret_without_its_key_is_wrong_usage(reprise: Reprise) -> None:
    arguments = ("adopt", "--customer", "acme", "--name", "shop", "--db-host", "pg", "--db-password-secret", "shop-db")
    said = reprise(*arguments)
    assert said.code == 2
    assert "NAME/KEY" in said.err
