"""`reprise serve`: real processes, started alone, stopped, and started wrongly."""

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from api.tokens import Role, mint_token
from embedded.state import fernet_key
from schemas.settings import Settings
from tests.integration.cli.conftest import bare, variables
from tests.support.ports import free_port
from tests.support.waiting import until


@pytest.fixture
def settings(database: str, nats_url: str, cluster_of_service: object) -> Settings:
    """Everything that any part needs."""
    return Settings(
        database_url=database,
        nats_url=nats_url,
        cluster="simulated",
        kubeconfig=cluster_of_service,
        port=free_port(),
        metrics_port=free_port(),
        jwt_secret=SecretStr("s" * 32),
        event_key=SecretStr("e" * 32),
        database_keys=SecretStr(fernet_key()),
        console_key=SecretStr(fernet_key()),
        leader_timeout=2,
    )


@asynccontextmanager
async def serving(settings: Settings, *arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "serve", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env=bare() | variables(settings),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def alive(port: int) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            return (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
        except httpx.TransportError:
            return False


async def serves(port: int) -> None:
    """A process has started."""
    await until(lambda: alive(port), 90, what="the process to serve")


async def ended(process: Process) -> tuple[int | None, str]:
    async with asyncio.timeout(30):
        _, err = await process.communicate()
    return process.returncode, err.decode()


@pytest.mark.parametrize("part", ["api", "database-service", "lifecycle", "relay", "database", "cluster", "watcher"])
async def test_each_part_runs_alone_and_sigterm_ends_it_with_0(settings: Settings, part: str) -> None:
    port = settings.port if part in ("api", "database-service") else settings.metrics_port
    async with serving(settings, "--only", part) as process:
        await serves(port)
        process.send_signal(signal.SIGTERM)
        code, log = await ended(process)
    assert code == 0, log
    assert "Traceback" not in log


async def test_a_part_without_the_database_service_names_it(settings: Settings) -> None:
    async def ready(status: int) -> dict[str, str] | None:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"http://127.0.0.1:{settings.metrics_port}/readyz")
        return answer.json()["checks"] if answer.status_code == status else None

    async with serving(settings, "--only", "database"):
        await serves(settings.metrics_port)
        assert (await ready(503) or {})["database-service"] == "does not answer"
        async with serving(settings, "--only", "database-service"):
            await serves(settings.port)
            assert set((await ready(200) or {}).values()) == {"ok"}


@pytest.mark.parametrize("part", ["lifecycle", "relay", "database"])
async def test_a_part_that_asks_no_cluster_needs_no_account_there(settings: Settings, part: str) -> None:
    homeless = settings.model_copy(update={"kubeconfig": None})
    async with serving(homeless, "--only", part):
        await serves(settings.metrics_port)


async def test_all_parts_run_in_one_process(settings: Settings) -> None:
    async with serving(settings) as process:
        await serves(settings.port)
        operations = await described(settings)
        process.send_signal(signal.SIGINT)
        code, log = await ended(process)
    assert code == 0, log
    assert "Warning" not in log
    assert len(operations) == len(set(operations))
    assert {"database_servers_add", "database_service_add"} <= set(operations)


async def described(settings: Settings) -> list[str]:
    """What the operations are called that this process serves."""
    headers = {"Authorization": f"Bearer {mint_token(settings, Role.ADMIN, 'test')}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", headers=headers) as http:
        document = (await http.get("/openapi.json")).json()
    return [operation["operationId"] for path in document["paths"].values() for operation in path.values()]


async def test_a_part_may_run_several_times(settings: Settings) -> None:
    other = settings.model_copy(update={"metrics_port": free_port()})
    async with serving(settings, "--only", "relay") as one, serving(other, "--only", "relay") as two:
        await serves(settings.metrics_port)
        await serves(other.metrics_port)
        assert (one.returncode, two.returncode) == (None, None)


@pytest.mark.parametrize("missing", ["database_url", "nats_url", "event_key"])
async def test_a_missing_setting_is_one_sentence_and_2(settings: Settings, missing: str) -> None:
    given = {name: getattr(settings, name) for name in settings.model_fields_set if name != missing}
    async with serving(Settings(**given), "--only", "lifecycle") as process:
        code, err = await ended(process)
    assert code == 2
    assert err.startswith(f"REPRISE_{missing.upper()}: is missing")
    assert err.count("\n") == 1


async def test_a_wrong_setting_is_one_sentence_and_2(settings: Settings) -> None:
    wrong = settings.model_copy(update={"deploy_timeout": "soon"})
    async with serving(wrong) as process:
        code, err = await ended(process)
    assert code == 2
    assert err.startswith("REPRISE_DEPLOY_TIMEOUT: ")


async def test_a_part_that_does_not_exist_is_2(settings: Settings) -> None:
    async with serving(settings, "--only", "api,frobnicator") as process:
        code, err = await ended(process)
    assert code == 2
    assert "there is no part frobnicator; the parts are api, database-service" in err


async def test_a_port_that_is_taken_is_named_and_2(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.port)):
        async with serving(settings, "--only", "api") as process:
            code, err = await ended(process)
    assert code == 2
    assert f"REPRISE_PORT: 127.0.0.1:{settings.port} cannot be listened on" in err.splitlines()[-1]
