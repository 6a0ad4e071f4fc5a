"""docs/replay.md: every command on it does what the page says, on a real PostgreSQL, NATS and API."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Service
from tests.support.names import unique

PAGE = Path(__file__).parents[3] / "docs" / "replay.md"


def commands() -> list[tuple[str, ...]]:
    """Each line of the page's shell blocks, without its comment."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [tuple(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines()]


def test_the_page_has_commands() -> None:
    assert {words[:3] for words in commands()} >= {("reprise", "replay", "verify"), ("reprise", "replay", "show")}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
async def test_each_does_what_it_says(
    words: tuple[str, ...], reprise: Reprise, world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRISE_DATABASE_URL", service.settings.database_url)
    name = unique()
    await world.failed(name)
    arguments = [name if word == "shop" else word for word in words[1:]]
    said = await asyncio.to_thread(reprise, *arguments)  # `verify` has a loop of its own
    assert said.code == 0, said
    assert said.out
