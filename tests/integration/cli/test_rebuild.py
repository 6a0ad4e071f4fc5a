"""`reprise replay rebuild`, as an operator runs it: by the database's URL alone, without the API."""

import asyncio
import json
import os
import re
import shlex
from pathlib import Path

import asyncpg
import pytest

from cli.verifying import Files
from persistence.exports.formats import Row, of_record
from persistence.exports.manifest import Tally
from persistence.signing import Signer, new_key
from persistence.statements import ENTRY_COLUMNS
from tests.integration.cli.conftest import Reprise
from tests.integration.cli.test_replay import Ask, ask

__all__ = ["ask"]


def test_what_agrees_is_said_and_nothing_is_swapped(ask: Ask, run: Reprise) -> None:
    before = ask("SELECT 'instances'::regclass::oid")
    said = run("replay", "rebuild")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("7,000 rows of 500 instances decided again in ")
    assert said.out.endswith("\n\nIt is what the live table is; nothing is to be swapped.\n")
    assert ask("SELECT count(*) FROM reprise_rebuilt.instances") == "500"
    said = run("replay", "rebuild", "--swap", "--yes", "--reason", "drill")
    assert (said.code, said.out.endswith("nothing is to be swapped.\n")) == (0, True)
    assert ask("SELECT 'instances'::regclass::oid") == before


def test_differences_are_shown_and_swapped_away(ask: Ask, run: Reprise) -> None:
    victim = ask("UPDATE instances SET attempt = 7 WHERE id = (SELECT min(id::text)::uuid FROM instances) RETURNING id")
    said = run("replay", "rebuild")
    assert said.code == 1
    assert "\nRows that differ: 1\nINSTANCE                              FIELD    LIVE  REBUILT\n" in said.out
    assert f"{victim}  attempt  7     2\n" in said.out
    assert said.out.endswith("The live table has not been touched; --swap puts the rebuilt one in its place.\n")

    said = run("replay", "rebuild", "--swap", "--yes", "--reason", "an UPDATE without WHERE", "-o", "json")
    found = json.loads(said.out)
    assert (said.code, found["differing"]) == (0, 1)
    assert found["differences"] == [{"instance_id": victim, "field": "attempt", "live": 7, "rebuilt": 2}]
    counts = {"kept": 0, "left_out": 0, "timers": 0, "restored": 0}
    assert found["swapped"] == {"instances": 500, "differed": 1, **counts}
    assert ask("SELECT reason FROM rebuilds") == "an UPDATE without WHERE"
    assert run("replay", "verify", "--all").code == 0


def test_the_count_must_be_typed(ask: Ask, run: Reprise, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("DROP TABLE instances")
    typed: list[str] = []

    def prompt(text: str, **_: object) -> str:
        typed.append(text)
        return "yes" if len(typed) == 1 else "500"

    monkeypatch.setattr("cli.confirming.typer.prompt", prompt)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    command = ("replay", "rebuild", "--swap", "--reason", "it was dropped")
    assert run(*command).code == 1
    assert ask("SELECT to_regclass('instances')") == "None"
    said = run(*command)
    assert (said.code, typed) == (0, ["Type 500 to put the rebuilt rows in place of the live table"] * 2)
    assert "There is no table instances; the audit log makes 500 rows of it." in said.out
    assert said.out.endswith("Swapped in 500 rows: 500 differ from the live table's; 0 timers were put back.\n")
    assert ask("SELECT count(*) FROM instances") == "500"


def test_a_broken_trail_is_shown(ask: Ask, run: Reprise) -> None:
    victim = ask("SELECT id FROM instances ORDER BY id LIMIT 1")
    ask("ALTER TABLE audit_log DISABLE TRIGGER append_only")
    ask(f"UPDATE audit_log SET actor = 'cli:eve' WHERE instance_id = '{victim}' AND sequence = 1")  # noqa: S608
    said = run("replay", "rebuild")
    assert said.code == 1
    assert "Trails that are broken, of which no row is made: 1\n" in said.out
    assert f"{victim}  1    changed after it was recorded: actor is cli:eve in the row" in said.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--swap",), "say why it is swapped"),
        (("--swap", "--reason", "x"), "where nobody can be asked, say that you mean it"),
    ],
)
def test_a_swap_is_never_a_slip(ask: Ask, run: Reprise, arguments: tuple[str, ...], sentence: str) -> None:
    said = run("replay", "rebuild", *arguments)
    assert (said.code, said.out) == (2, "")
    assert sentence in " ".join(said.err.split())


@pytest.fixture
def export(ask: Ask, nowhere: Path) -> Path:
    """All of the log as `reprise audit export` writes it, and the public key beside it."""

    async def records() -> list[Row]:
        connection = await asyncpg.connect(os.environ["REPRISE_DATABASE_URL"])
        query = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM audit_log ORDER BY instance_id, sequence"  # noqa: S608
        found = [of_record(tuple(record)) for record in await connection.fetch(query)]
        await connection.close()
        return found

    tally, signer, file = Tally("jsonl"), Signer(new_key()), nowhere / "audit.jsonl"
    file.write_bytes(tally.add(asyncio.run(records())))
    manifest = tally.finished({"format": "jsonl", "whole_trails": True}, signer)
    Files.of(file).manifest.write_text(json.dumps(manifest))
    (nowhere / "reprise.pub").write_text("\n".join(signer.public))
    return file


def lose_the_log(ask: Ask) -> None:
    ask("ALTER TABLE audit_log DISABLE TRIGGER append_only")
    ask("TRUNCATE audit_log")


def test_what_was_lost_comes_back_out_of_an_export(ask: Ask, run: Reprise, export: Path) -> None:
    lose_the_log(ask)
    ask("DROP TABLE instances")
    command = ("replay", "rebuild", "--from", str(export), "--public-key", "reprise.pub")
    assert run(*command).code == 1
    assert ask("SELECT count(*) FROM audit_log") == "0"
    said = run(*command, "--swap", "--yes", "--reason", "all of it was lost", "-o", "json")
    found = json.loads(said.out)
    assert (said.code, found["lacking"], found["gone"]) == (0, 7_000, True)
    assert (found["swapped"]["restored"], found["swapped"]["instances"]) == (7_000, 500)
    assert run("replay", "verify", "--all").code == 0


def test_a_file_that_is_not_what_was_signed_is_not_read(ask: Ask, run: Reprise, export: Path) -> None:
    export.write_bytes(export.read_bytes().replace(b"cli:alice", b"cli:mallory", 1))
    lose_the_log(ask)
    said = run("replay", "rebuild", "--from", str(export), "--public-key", "reprise.pub")
    assert (said.code, said.out) == (1, "")
    assert "is not what was signed; `reprise audit verify" in said.err
    said = run("replay", "rebuild", "--from", "nothing.jsonl", "--public-key", "reprise.pub")
    assert (said.code, "nothing.jsonl.manifest.json cannot be read" in said.err) == (1, True)


def test_every_example_of_the_page_does_what_it_says(ask: Ask, run: Reprise, export: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "replay.md").read_text()
    examples = [shlex.split(line) for line in page.splitlines() if line.startswith("reprise replay rebuild")]
    assert len(examples) == 4
    for _, *command in examples:
        if "--from" in command:
            lose_the_log(ask)
        elif ask("SELECT count(*) FROM instances") == "500":  # as the last one left it
            ask("UPDATE instances SET state = 'stopped', attempt = 7 WHERE id = (SELECT id FROM instances LIMIT 1)")
            ask("DELETE FROM instances WHERE attempt <> 7 AND id = (SELECT max(id::text)::uuid FROM instances)")
        asked = ["--yes"] if "--swap" in command and "--yes" not in command else []
        said = run(*command, *asked)
        assert (said.code, said.err) == (0 if "--swap" in command else 1, "")
        if "json" not in command:
            assert shape(said.out) <= shape(page), said.out


def shape(text: str) -> set[str]:
    """The lines without what differs from run to run: ids, seconds, the blanks between columns."""
    return {re.sub(r"[0-9a-f]{8}-\S+|in [\d.]+ s", "…", " ".join(line.split())) for line in text.splitlines()}
