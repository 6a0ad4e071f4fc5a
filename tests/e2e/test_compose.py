"""What compose.yaml says is run: each service's command and health check, as plain processes on this machine."""

import asyncio
import os
import re
import secrets
import shutil
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.child import Child
from embedded.nats import binary as nats_server
from embedded.postgres import Postgres
from embedded.postgres import binary as postgresql
from embedded.state import fernet_key
from tests.support.installation import bare
from tests.support.ports import free_port
from tests.support.running import running

COMPOSE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PARTS = [name for name, service in SERVICES.items() if "serve" in service.get("command", ())]
IN_CONTAINERS = {"nats": "4222", "postgres": "5432", "api": "8080", "database-service": "8080"}
HTTP, MONITOR = "8080", "8222"


class Machine:
    """What stands for the network between containers: each service has a port of its own on this machine."""

    def __init__(self, directory: Path, kubeconfig: Path, postgres: Postgres) -> None:
        self.directory = directory
        self.ports = {name: str(free_port()) for name in (*SERVICES, "monitor")} | {"postgres": str(postgres.port)}
        self._kubeconfig = str(kubeconfig)
        self._given = {
            "POSTGRES_PASSWORD": postgres.password,
            "REPRISE_JWT_SECRET": secrets.token_hex(32),
            "REPRISE_EVENT_KEY": secrets.token_hex(32),
            "REPRISE_DATABASE_KEYS": fernet_key(),
            "REPRISE_CONSOLE_KEY": fernet_key(),
        }

    def environment(self, service: str) -> dict[str, str]:
        """As the file gives it, its variables filled in, with addresses that are reached from here."""
        given = SERVICES[service]["environment"]
        filled = {name: self._here(self._filled(str(value))) for name, value in given.items()}
        told = {name: value for name, value in filled.items() if value}
        own = {"REPRISE_PORT": self.ports[service], "REPRISE_METRICS_PORT": self.ports[service]}
        return bare() | told | own | {"REPRISE_KUBECONFIG": self._kubeconfig}

    def is_healthy(self, service: str) -> bool:
        """What the health check says, run as it stands there."""
        _, *command = SERVICES[service]["healthcheck"]["test"]
        moved = [self._moved(service, word) for word in command]
        environment = os.environ | {"PGHOST": "127.0.0.1", "PGPORT": self.ports["postgres"]}
        done = subprocess.run([_program(moved[0]), *moved[1:]], env=environment, capture_output=True, check=False)  # noqa: S603
        return done.returncode == 0

    def child(self, service: str, *command: str) -> Child:
        """One that is ready when its health check says so."""

        async def ready() -> bool:
            return await asyncio.to_thread(self.is_healthy, service)

        environment = self.environment(service) if service in PARTS else dict(os.environ)
        return Child(name=service, command=command, ready=ready, environment=environment, start_deadline=60)

    def _filled(self, text: str) -> str:
        def value(variable: re.Match[str]) -> str:
            name, kind, default = variable.groups()
            assert name in self._given or kind == "-", f"{name} has to be given: {default}"
            return self._given.get(name, default)

        return re.sub(r"\$\{(\w+):([?-])([^}]*)\}", value, text)

    def _here(self, text: str) -> str:
        for name, port in IN_CONTAINERS.items():
            text = text.replace(f"{name}:{port}", f"127.0.0.1:{self.ports[name]}")
        return text

    def _moved(self, service: str, word: str) -> str:
        return word.replace(f":{HTTP}", f":{self.ports[service]}").replace(f":{MONITOR}", f":{self.ports['monitor']}")


def _program(name: str) -> str:
    if name == "python":
        return sys.executable
    found = str(postgresql(name)) if name.startswith("pg_") else shutil.which(name)
    assert found, f"{name} is not installed here"
    return found


def reprise(service: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "cli.main", *SERVICES[service]["command"])


@pytest.mark.timeout(180)
async def test_every_service_runs_and_says_that_it_is_healthy(
    tmp_path: Path, simulated_cluster: Path, place: Path
) -> None:
    postgres = Postgres(place / "postgres", free_port(), secrets.token_urlsafe())
    machine = Machine(tmp_path, simulated_cluster, postgres)
    assert not any(machine.is_healthy(name) for name in ("postgres", "nats", *PARTS))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(postgres.child()))
        assert machine.is_healthy("postgres")
        moved = {"/data": str(tmp_path / "nats"), MONITOR: machine.ports["monitor"]}
        command = [moved.get(word, word) for word in SERVICES["nats"]["command"]]
        options = ("--addr", "127.0.0.1", "--port", machine.ports["nats"])
        await stack.enter_async_context(running(machine.child("nats", str(nats_server()), *command, *options)))
        migrated = subprocess.run(reprise("migrate"), env=machine.environment("migrate"), check=False)  # noqa: S603, ASYNC221
        assert migrated.returncode == 0
        children = [machine.child(part, *reprise(part)) for part in PARTS]
        await asyncio.gather(*(stack.enter_async_context(running(child)) for child in children))
        assert all(machine.is_healthy(part) for part in PARTS)
