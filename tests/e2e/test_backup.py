"""A backup is taken while Reprise runs, and restored: what ran runs on, what was under way goes on."""

import os
import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from bus.connection import connected, jetstream
from embedded.postgres import Postgres, binary
from schemas.settings import Settings
from tests.support.installation import Installation, installation
from tests.support.postgres import administration
from tests.support.trails import intact_trails
from tests.support.waiting import until


@pytest_asyncio.fixture
async def empty(postgres_server: Postgres) -> AsyncIterator[str]:
    """Where the backup is restored to."""
    name = f"restored_{secrets.token_hex(4)}"
    async with administration(postgres_server) as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres_server.url(name)
    async with administration(postgres_server) as connection:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(program: str, *arguments: str) -> None:
    done = subprocess.run([binary(program), *arguments], env=os.environ, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


async def state(reprise: Installation, instance_id: str) -> str:
    return str((await reprise.instance(instance_id))["state"])


async def reaches(reprise: Installation, instance_id: str, wanted: str) -> None:
    async def reached() -> bool:
        return await state(reprise, instance_id) == wanted

    await until(reached, 60, what=f"the instance to be {wanted}", pause=0.1)


async def orphans(reprise: Installation) -> list[dict[str, Any]]:
    answer = await reprise.http.get("/api/cluster/orphans")
    assert answer.is_success, answer.text
    return list(answer.json()["items"])


async def test_a_restored_database_and_the_cluster_come_together(
    whole: Settings, nats_url: str, empty: str, tmp_path: Path
) -> None:
    settings = whole.model_copy(update={"nats_url": nats_url, "overdue_after": 5})
    backup = str(tmp_path / "reprise.dump")
    async with installation(settings) as reprise:
        runs = await reprise.create("runs")
        await reaches(reprise, runs, "running")
        waits = await reprise.create("waits", cpu="64", patience="20s")
        await reaches(reprise, waits, "deploying")
        run("pg_dump", "--format=custom", f"--file={backup}", settings.database_url)
        unknown = await reprise.create("unknown")
        await reaches(reprise, unknown, "running")
    run("pg_restore", "--exit-on-error", f"--dbname={empty}", backup)
    async with connected(settings, "test") as client:  # what NATS held is of another day
        for stream in await jetstream(client).streams_info():
            await jetstream(client).delete_stream(str(stream.config.name))

    async with installation(settings.model_copy(update={"database_url": empty})) as reprise:
        await reaches(reprise, waits, "error")
        answer = await reprise.http.post(f"/api/instance/admin/retry-instance/{waits}", json={"cpu": "50m"})
        assert answer.status_code == 200, answer.text
        await reaches(reprise, waits, "running")
        assert await state(reprise, runs) == "running"
        found = await orphans(reprise)
        assert {each["instance"] for each in found} == {unknown}
        assert {each["kind"] for each in found} >= {"Deployment", "PersistentVolumeClaim"}
        trails = await intact_trails(empty)
    assert set(trails) == {runs, waits}
    assert "deploy.lost" not in trails[runs]
