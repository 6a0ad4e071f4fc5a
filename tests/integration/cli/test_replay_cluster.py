"""`reprise replay verify --cluster`, as an operator runs it, with a real database and a simulated cluster."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import pytest

from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Said, Service
from tests.support.names import unique
from tests.support.ports import free_port


@pytest.fixture(autouse=True)
def _where(run: Reprise, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("REPRISE_KUBECONFIG", str(service.settings.kubeconfig))


async def verify(run: Reprise, *arguments: str) -> Said:
    """In a thread: it has a loop of its own."""
    return await asyncio.to_thread(run, "replay", "verify", *arguments, "--cluster")


async def test_what_agrees_is_said_to(run: Reprise, world: World) -> None:
    name = unique()
    await world.failed(name)
    said = await verify(run, name)
    assert (said.code, said.err) == (0, ""), said
    assert said.out.startswith("7 rows of 1 instance decided again in ")
    assert said.out.endswith(
        " 1 instance compared with the cluster, 0 on their way left out. "
        "Rows, hashes, live instances and cluster agree.\n"
    )
    await world.deploying(name := unique())
    assert "0 instances compared with the cluster, 1 on their way left out." in (await verify(run, name)).out


async def test_what_the_cluster_lacks_is_named(run: Reprise, world: World) -> None:
    name = unique()
    identity = await world.running(name)
    said = await verify(run, name)
    assert said.code == 1
    assert identity in said.out
    assert f"in the cluster: Deployment {name}-" in said.out
    assert said.out.endswith(" 1 differs.\n")
    found = json.loads((await verify(run, name, "-o", "json")).out)
    assert (found["differing"], found["cluster"]) == (1, {"compared": 1, "moving": 0})
    assert [each["sequence"] for each in found["differences"]] == [None]
    everything = json.loads((await verify(run, "--all", "-o", "json")).out)
    assert identity in {each["instance_id"] for each in everything["differences"]}


async def test_an_instance_whose_rows_differ_as_well_is_counted_once(run: Reprise, world: World) -> None:
    name = unique()
    identity = await world.running(name)
    await _change_attempt(world, identity, 7)
    found = json.loads((await verify(run, name, "-o", "json")).out)
    await _change_attempt(world, identity, 1)  # others verify this database too
    assert (found["differing"], len(found["differences"])) == (1, 2)


async def _change_attempt(world: World, identity: str, attempt: int) -> None:
    async with world.backend.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE instances SET attempt = $1 WHERE id = $2", (attempt, UUID(identity)))


async def test_a_cluster_that_is_away_ends_with_3(
    run: Reprise, world: World, service: Service, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.failed(name := unique())
    assert service.settings.kubeconfig is not None
    config = json.loads(service.settings.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_port()}"
    (nowhere / "away").write_text(json.dumps(config))
    monkeypatch.setenv("REPRISE_KUBECONFIG", str(nowhere / "away"))
    said = await verify(run, name)
    assert said.code == 3, said
    assert "kubernetes does not answer" in said.err
