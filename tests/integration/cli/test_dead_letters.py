"""`reprise dead-letters`, spoken to a real API process and a real stream."""

import asyncio
import json
from uuid import uuid4

import pytest

from bus.connection import connected, jetstream
from bus.dead_letters import DeadLetters
from bus.streams import DEAD_LETTERS_STREAM, INSTANCES_STREAM, ensure
from tests.integration.cli.conftest import Reprise, Service


@pytest.fixture(autouse=True)
def buried(service: Service) -> None:
    """Three of one error and one of another."""
    asyncio.run(_bury(service))


async def _bury(service: Service) -> None:
    async with connected(service.settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        await js.purge_stream(DEAD_LETTERS_STREAM)
        letters = DeadLetters(js, "lifecycle")
        for error in ("no such profile", "no such profile", "no such profile", "no such image"):
            await letters.bury(f"instances.{uuid4()}.retry.requested", b'{"token": "s3cret"}', {"a": "b"}, error, 1)


async def _stored(service: Service, stream: str) -> int:
    async with connected(service.settings, "test") as client:
        return (await jetstream(client).stream_info(stream)).state.messages


def test_they_are_listed_in_groups_and_shown_without_secrets(reprise: Reprise) -> None:
    said = reprise("dead-letters", "list", "--error", "image")
    assert "3      lifecycle  no such profile" in said.out
    found = json.loads(reprise("dead-letters", "list", "--error", "image", "-o", "json").out)
    [letter] = found["items"]
    said = reprise("dead-letters", "show", str(letter["sequence"]))
    assert (said.code, "•••" in said.out, "s3cret" in said.out) == (0, True, False)


def test_those_of_an_error_are_redriven_up_to_a_cap_after_a_preview(reprise: Reprise, service: Service) -> None:
    chosen = ("dead-letters", "redrive", "--error", "profile", "--max", "2", "--rate", "1000")
    before = asyncio.run(_stored(service, INSTANCES_STREAM))
    said = reprise(*chosen, "--dry-run")
    assert (said.code, said.out.splitlines()[-1]) == (0, "Would redrive 2.")
    assert said.out.count("no such profile") == 2
    assert asyncio.run(_stored(service, DEAD_LETTERS_STREAM)) == 4
    said = reprise(*chosen, "--yes", "--reason", "the profile is there now")
    assert (said.code, said.out) == (0, "Redriven: 2 of 2.\n")
    assert asyncio.run(_stored(service, DEAD_LETTERS_STREAM)) == 2
    assert asyncio.run(_stored(service, INSTANCES_STREAM)) == before + 2


def test_they_are_dropped_by_their_sequences(reprise: Reprise, service: Service) -> None:
    items = json.loads(reprise("dead-letters", "list", "-o", "json").out)["items"]
    some = [str(each["sequence"]) for each in items[:2]]
    said = reprise("dead-letters", "drop", *some, "--yes", "--reason", "of a test")
    assert (said.code, said.out) == (0, "Dropped: 2 of 2.\n")
    assert asyncio.run(_stored(service, DEAD_LETTERS_STREAM)) == 2
    assert reprise("dead-letters", "show", some[0]).code == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--reason", "x"), "give sequences, or say which by --error or --part"),
        (("1", "--part", "cluster", "--reason", "x"), "give sequences, or say which by --error or --part"),
        (("--part", "lifecycle"), "say why you redrive them"),
        (("--part", "lifecycle", "--reason", "x"), "where nobody can be asked, say that you mean it"),
    ],
)
def test_nothing_happens_by_a_slip(
    reprise: Reprise, service: Service, arguments: tuple[str, ...], sentence: str
) -> None:
    said = reprise("dead-letters", "redrive", *arguments)
    assert (said.code, sentence in " ".join(said.err.split())) == (2, True)
    assert asyncio.run(_stored(service, DEAD_LETTERS_STREAM)) == 4
