"""`reprise replay verify`, as an operator runs it: by the database's URL alone, without the API."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from bench.trails import fill
from tests.integration.cli.conftest import Reprise

TABLE = """
from statemachine.table import EDGES as OURS
from schemas.types import EventType

EDGES = tuple(edge for edge in OURS if edge.event is not EventType.DEPLOY_SCHEDULED)
"""
Ask = Callable[[str], str]


@pytest.fixture
def ask(database: str, monkeypatch: pytest.MonkeyPatch, run: Reprise) -> Ask:
    """A database with 500 instances, that of the environment; answers a query's one value."""

    async def value(query: str) -> str:
        connection = await asyncpg.connect(database)
        try:
            return str(await connection.fetchval(query))
        finally:
            await connection.close()

    async def filled() -> None:
        connection = await asyncpg.connect(database)
        await fill(connection, 7_000)
        await connection.close()

    asyncio.run(filled())
    monkeypatch.setenv("REPRISE_DATABASE_URL", database)
    return lambda query: asyncio.run(value(query))


def test_all_agree_or_the_first_row_that_differs_is_named(ask: Ask, run: Reprise) -> None:
    said = run("replay", "verify", "--all")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("7,000 rows of 500 instances decided again in ")
    assert said.out.endswith(" s. Rows, hashes and live instances agree.\n")

    victim = ask("SELECT id FROM instances ORDER BY id LIMIT 1")
    ask("ALTER TABLE audit_log DISABLE TRIGGER append_only")
    ask(f"UPDATE audit_log SET actor = 'cli:eve' WHERE instance_id = '{victim}' AND sequence = 1")  # noqa: S608
    said = run("replay", "verify", "--all")
    assert said.code == 1
    assert f"{victim}  1    provision.requested  changed after it was recorded: actor is cli:eve" in said.out
    assert said.out.endswith("1 differs.\n")


def test_one_instance_as_json(ask: Ask, run: Reprise) -> None:
    name = ask("SELECT name FROM instances LIMIT 1")
    said = run("replay", "verify", name, "-o", "json")
    found = json.loads(said.out)
    assert said.code == 0
    expected = {"instances": 1, "rows": 14, "differing": 0, "cluster": None, "seconds": 0, "differences": []}
    assert {**found, "seconds": 0} == expected


def test_another_table_from_a_file(ask: Ask, run: Reprise, nowhere: Path) -> None:
    (nowhere / "next_table.py").write_text(TABLE)
    said = run("replay", "verify", "--all", "--against", "next_table.py", "-o", "json")
    found = json.loads(said.out)
    assert (said.code, found["differing"]) == (1, 500)
    assert {each["event_type"] for each in found["differences"]} == {"deploy.scheduled"}
    said = run("replay", "verify", "--all", "--against", "statemachine.table")
    assert (said.code, said.out.endswith("None would have gone another way.\n")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 2, "name one instance, or say --all, --since or --file"),
        (("shop", "--all"), 2, "name one instance, or say --all, --since or --file"),
        (("--all", "--cluster", "--against", "next.py"), 2, "another table, or a file, says nothing of the cluster"),
        (("--since", "2026-01-31"), 2, "'2026-01-31' is no time; write it like 2026-01-31T12:00:00Z"),
        (("--all", "--against", "nothing.at_all"), 1, "against: nothing.at_all cannot be loaded"),
        (("--all", "--against", "json"), 1, "against: json has no EDGES"),
        (("--all",), 2, "REPRISE_DATABASE_URL: is missing"),
    ],
)
def test_what_is_not_meant_is_told(run: Reprise, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    said = run("replay", "verify", *arguments)
    assert (said.code, said.out) == (code, "")
    assert sentence in " ".join(said.err.split())
