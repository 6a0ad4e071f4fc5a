"""docs/replay.md: every command on it does what the page says, on a real PostgreSQL, NATS and API."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Reprise, Service
from tests.integration.cli.test_replay_publish import Elsewhere, elsewhere

__all__ = ["elsewhere"]
PAGE = Path(__file__).parents[3] / "docs" / "replay.md"


def commands() -> list[tuple[str, ...]]:
    """Each line of the page's shell blocks, without its comment; those of `rebuild` are run by test_rebuild.py."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [tuple(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines()]
    return [words for words in lines if words[:3] != ("reprise", "replay", "rebuild")]


def test_the_page_has_commands() -> None:
    found = {words[:3] for words in commands()}
    assert found >= {("reprise", "replay", each) for each in ("verify", "show", "publish", "list")}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
async def test_each_does_what_it_says(
    words: tuple[str, ...],
    reprise: Reprise,
    elsewhere: Elsewhere,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REPRISE_DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("REPRISE_KUBECONFIG", str(service.settings.kubeconfig))
    meant = {"shop": elsewhere.identity, "billing.replay": elsewhere.to}
    if "REPLAY_ID" in words:
        meant["REPLAY_ID"] = await stopped(elsewhere)
    if "audit.jsonl" in words:
        export = ("audit", "export", "--instance", elsewhere.identity, "--output", "audit.jsonl", "--reason", "why")
        exported = await asyncio.to_thread(reprise, *export)
        assert exported.code == 0, exported
    arguments = [meant.get(word, word) for word in words[1:]]
    said = await asyncio.to_thread(reprise, *arguments)  # `verify` has a loop of its own
    assert said.code == 0, said
    assert said.out


async def stopped(elsewhere: Elsewhere) -> str:
    """A replay that was stopped before all was sent."""
    body = {"to": elsewhere.to, "where": {"instance_id": elsewhere.identity}, "rate": "1/s"}
    begun = await elsewhere.world.admin.post("/api/replays", json={**body, "expected": 7, "reason": "why"})
    identity: str = begun.json()["id"]
    answer = await elsewhere.world.admin.post(f"/api/replays/{identity}/stop")
    assert answer.json()["state"] == "stopped", answer.text
    return identity
