"""The table of instances is lost while Reprise runs, and with it the outbox: rebuilt, the whole product goes on."""

import asyncio
import sys

import asyncpg
import pytest

from bus.connection import connected, jetstream
from schemas.settings import Settings
from tests.support.installation import Installation, bare, installation, variables
from tests.support.trails import intact_trails
from tests.support.waiting import until

WITHOUT_EFFECTS = ("api", "lifecycle", "relay", "database", "database-service")
WITHOUT_RELAY = ("api", "lifecycle", "database-service")
"""So that what is put back is not sent before all parts are there to act upon it."""
LOST = ("DROP TABLE instances", "TRUNCATE outbox")
DAMAGED = (
    "UPDATE instances SET state = 'stopped', step = step + 5, has_run = true WHERE name = 'slow'",
    "UPDATE instances SET error_code = NULL, state = 'deploying', attempt = 9 WHERE name = 'big'",
    "DELETE FROM instances WHERE name = 'runs'",
    "DELETE FROM outbox",
)


async def reaches(reprise: Installation, instance_id: str, wanted: str) -> None:
    async def reached() -> bool:
        return bool((await reprise.instance(instance_id))["state"] == wanted)

    await until(reached, 60, what=f"the instance to be {wanted}", pause=0.1)


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def rebuilt(settings: Settings) -> str:
    command = ("-m", "cli.main", "replay", "rebuild", "--swap", "--yes", "--reason", "it was lost")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=bare() | variables(settings), stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.mark.parametrize("harm", [LOST, DAMAGED], ids=["lost", "damaged"])
async def test_what_was_on_its_way_ends_and_what_had_failed_is_retried(
    whole: Settings, nats_url: str, harm: tuple[str, ...]
) -> None:
    """Commands are repeated after ten minutes only, and NATS is empty: what was put back does it alone."""
    settings = whole.model_copy(update={"nats_url": nats_url})
    async with installation(settings) as reprise:
        runs, big = await reprise.create("runs"), await reprise.create("big", cpu="64", patience="5s")
        await reaches(reprise, runs, "running")
        await reaches(reprise, big, "error")
    async with installation(settings, *WITHOUT_EFFECTS) as reprise:
        slow = await reprise.create("slow")
        await reaches(reprise, slow, "deploying")
    async with connected(settings, "test") as client:
        for stream in await jetstream(client).streams_info():
            await jetstream(client).delete_stream(str(stream.config.name))
    async with installation(settings, *WITHOUT_RELAY) as reprise:
        await execute(settings.database_url, *harm)
        said = await rebuilt(settings)
        assert "Swapped in 3 rows: 3 differ from the live table's" in said, said
        states = [(await reprise.instance(each))["state"] for each in (runs, big, slow)]
        assert states == ["running", "error", "deploying"]

    async with installation(settings) as reprise:
        await reaches(reprise, slow, "running")
        answer = await reprise.http.post(f"/api/instance/admin/retry-instance/{big}", json={"cpu": "50m"})
        assert answer.status_code == 200, answer.text
        await reaches(reprise, big, "running")
        assert (await reprise.instance(runs))["state"] == "running"
        trails = await intact_trails(settings.database_url)
    assert set(trails) == {runs, big, slow}
    assert "step.overdue" in trails[slow]
    assert "deploy.lost" not in trails[runs]
