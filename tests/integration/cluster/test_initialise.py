"""The script of the init container, by a real shell with a real psql on a real server; the odoo in it is a stand-in."""

import asyncio
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest

from cluster.configuration import INITIALISE
from embedded.postgres import binary
from tests.support.ports import free_port

ODOO = r"""#!/bin/sh
printf '%s\n' "$*" >> "$CALLS"
case "$1" in
  --version) echo "Odoo Server $VERSION-20260101" ;;
  shell) cat > "$CALLS.script"; [ -n "$BROKEN_SHELL" ] || psql -Xqc "CREATE TABLE reprise_initialised (at text)" ;;
  *) [ -z "$BROKEN_INIT" ] || exit 1 ;;
esac
"""


class InitContainer:
    """What the pod would run, and what odoo was asked there."""

    def __init__(self, directory: Path, url: str) -> None:
        self._calls = directory / "calls"
        odoo = directory / "odoo"
        odoo.write_text(ODOO)
        odoo.chmod(0o755)
        server = urlsplit(url)
        psql = binary("psql")
        self._environment = {
            "PATH": f"{directory}:{psql.parent}:{os.environ['PATH']}",
            "CALLS": str(self._calls),
            "ODOO_RC": "/etc/reprise/odoo.conf",
            "REPRISE_MODULES": "base,sale",
            "REPRISE_ADMIN_PASSWORD": "random",
            "PGHOST": str(server.hostname),
            "PGPORT": str(server.port),
            "PGUSER": str(server.username),
            "PGPASSWORD": unquote(str(server.password)),
            "PGDATABASE": server.path.removeprefix("/"),
            "VERSION": "18.0",
        }

    async def run(self, **environment: str) -> int | None:
        """Its exit code."""
        merged = {**self._environment, **environment}
        process = await asyncio.create_subprocess_exec("sh", "-c", INITIALISE, env=merged)
        return await process.wait()

    @property
    def calls(self) -> list[str]:
        """How odoo was called, --version left out."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return [line for line in lines if line != "--version"]

    @property
    def script(self) -> str:
        """What odoo's shell was given."""
        return Path(f"{self._calls}.script").read_text()


@pytest.fixture
def container(tmp_path: Path, database: str) -> InitContainer:
    return InitContainer(tmp_path, database)


async def test_the_database_is_initialised_once(container: InitContainer, database: str) -> None:
    assert await container.run() == 0
    assert container.calls == [
        "--config=/etc/reprise/odoo.conf --init=base,sale --stop-after-init --no-http --without-demo=all",
        "shell --config=/etc/reprise/odoo.conf --no-http",
    ]
    assert await container.run() == 0
    assert len(container.calls) == 2
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM reprise_initialised") == 0
    await connection.close()


async def test_nothing_is_initialised_while_the_database_does_not_answer(container: InitContainer) -> None:
    assert await container.run() == 0
    assert await container.run(PGPORT=str(free_port())) != 0
    assert len(container.calls) == 2


async def test_the_default_password_is_replaced_in_the_transaction_of_the_marker(container: InitContainer) -> None:
    await container.run()
    script = container.script
    compile(script, "script", "exec")
    assert 'env.ref("base.user_admin").password = os.environ["REPRISE_ADMIN_PASSWORD"]' in script
    assert script.index("CREATE TABLE public.reprise_initialised") < script.index("env.cr.commit()")


async def test_from_19_on_the_flag_is_left_out(container: InitContainer) -> None:
    assert await container.run(VERSION="19.0") == 0
    assert container.calls[0].endswith("--stop-after-init --no-http")


@pytest.mark.parametrize("broken", ["BROKEN_INIT", "BROKEN_SHELL"])
async def test_what_fails_half_way_is_done_again(container: InitContainer, broken: str) -> None:
    assert await container.run(**{broken: "1"}) != 0
    assert await container.run() == 0
    assert len([call for call in container.calls if "--init=" in call]) == 2
