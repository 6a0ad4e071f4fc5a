"""`reprise replay show`, spoken to a real API process."""

import json

import pytest

from tests.integration.api.world import TIMED_OUT, World
from tests.integration.cli.conftest import Reprise
from tests.support.names import unique


async def test_an_instance_as_it_was_at_a_row(reprise: Reprise, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    said = reprise("replay", "show", name, "--seq", "5")
    assert said.code == 0, said.err
    lines = {line.split("  ")[0]: line for line in said.out.splitlines()}
    assert "5 of 7, deploy.progressing, applied" in lines["row"]
    assert "creating / provisioning" in lines["status"]
    assert TIMED_OUT in lines["cause"]
    assert "row 4, deploy.applied" in lines["deploy.timeout"]
    assert said.out.index("Pending:") < said.out.index("Observed in this attempt:")
    found = json.loads(reprise("replay", "show", identity, "--seq", "5", "-o", "json").out)
    assert found["instance"]["id"] == identity
    at = reprise("replay", "show", identity, "--at", found["row"]["recorded_at"], "-o", "json")
    assert json.loads(at.out) == found


async def test_what_two_rows_differ_in(reprise: Reprise, world: World) -> None:
    identity = await world.failed(unique())
    said = reprise("replay", "show", identity, "--diff", "0..7")
    assert said.code == 0, said.err
    assert "the instance did not exist yet" in said.out
    fields = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line}
    assert fields["state"][-1] == "error"
    document = json.loads(reprise("replay", "show", identity, "--diff", "5..7", "-o", "json").out)
    changed = {each["field"]: (each["before"], each["after"]) for each in document["changes"]}
    assert changed["state"] == ("deploying", "error")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--seq", "99"), 1, "seq: there is no row 99; the instance has rows 1 to 1"),
        (("--at", "2001-01-01T00:00:00Z"), 1, "at: is before the instance began; its first row is of "),
        (("--at", "2001-01-01"), 1, "write it like 2026-01-31T12:00:00Z"),
        (("--seq", "1", "--diff", "0..1"), 2, "give one of --at, --seq and --diff"),
        (("--diff", "1-2"), 2, "'1-2' names no two rows; write it like 3..9"),
        (("--diff", "1..1"), 1, "from_seq: must be less than to_seq, which is 1"),
    ],
)
async def test_what_is_not_there_is_told(
    reprise: Reprise, world: World, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    name = unique()
    await world.create(name)
    said = reprise("replay", "show", name, *arguments)
    assert (said.code, said.out) == (code, "")
    assert sentence in " ".join(said.err.replace("│", " ").split())
