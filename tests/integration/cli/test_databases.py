"""`reprise cluster databases`: the registry of a real database-service, by command."""

import io
import json

import pytest

from embedded.postgres import USER, Postgres
from tests.integration.cli.conftest import Reprise
from tests.support.names import unique
from tests.support.ports import free_port


@pytest.fixture
def password(postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """The administrator's, on standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{postgres_server.password}\n"))
    return postgres_server.password


def _add(reprise: Reprise, name: str, port: int) -> tuple[int, str]:
    account = ("--host", "127.0.0.1", "--port", str(port), "--user", USER, "--capacity", "7")
    said = reprise("cluster", "databases", "add", name, *account)
    return said.code, said.out + said.err


async def test_a_server_is_added_drained_and_listed(reprise: Reprise, postgres_server: Postgres, password: str) -> None:
    name = unique("pg")
    code, said = _add(reprise, name, postgres_server.port)
    assert (code, said.strip()) == (0, f"{name} is registered; it may hold 7 databases.")
    drained = reprise("cluster", "databases", "drain", name)
    assert drained.out.strip() == f"{name} gets no further database, and keeps those that it has."

    listed = reprise("cluster", "databases", "list")
    [line] = [line.split() for line in listed.out.splitlines() if line.startswith(name)]
    assert line == [name, f"127.0.0.1:{postgres_server.port}", "7", "0", "7", "yes", "yes"]
    document = json.loads(reprise("cluster", "databases", "list", "--output", "json").out)
    assert {"embedded", name} <= {server["id"] for server in document["items"]}
    assert password not in listed.out + json.dumps(document)


async def test_a_server_that_does_not_answer_is_not_added(reprise: Reprise, password: str) -> None:
    code, said = _add(reprise, unique("pg"), free_port())
    assert code == 3
    assert "does not answer" in said


async def test_what_is_not_registered_is_not_undrained(reprise: Reprise) -> None:
    said = reprise("cluster", "databases", "undrain", "elsewhere")
    assert (said.code, said.err.strip()) == (1, "No server for shared databases is called elsewhere")
