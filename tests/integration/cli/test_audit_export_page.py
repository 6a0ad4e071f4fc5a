"""docs/audit-export.md says what its commands say: each is run, in order, and its output compared."""

import asyncio
import os
import re
import shlex
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bus.connection import jetstream
from consumers.checkpointing import take
from embedded.postgres import binary
from embedded.state import fernet_key
from persistence.checkpoints.taking import Taker
from persistence.signing import Signer, new_key
from schemas.payloads import Receipt
from schemas.settings import Settings
from schemas.types import EventType
from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Service, world_of
from tests.support.installation import served
from tests.support.ports import free_port
from tests.support.running import running

PAGE = (Path(__file__).parents[3] / "docs" / "audit-export.md").read_text()
KEY = re.compile(r"ed25519:[\w-]{43}=")
VARYING = (
    (KEY, "<public key>"),
    (re.compile(r"(?<![\w-])[\w-]{43}="), "<key>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"\d+\.\d s\b"), "<seconds> s"),
    (re.compile(r" {2,}"), "  "),
)


def examples() -> Iterator[tuple[str, str]]:
    """Each command of the page, and what it printed."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S):
        for example in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, printed = example.partition("\n")
            yield command, printed


def plain(text: str) -> list[str]:
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return [line.rstrip() for line in text.splitlines()]


@pytest_asyncio.fixture
async def world(
    database: str, nats_url: str, cluster_of_service: Path, monkeypatch: pytest.MonkeyPatch, nowhere: Path
) -> AsyncIterator[World]:
    """Three instances that failed, in a Reprise of their own."""
    key = new_key()
    settings = Settings(
        database_url=database,
        nats_url=nats_url,
        cluster="simulated",
        kubeconfig=cluster_of_service,
        port=free_port(),
        jwt_secret="s" * 32,
        event_key="e" * 32,
        database_keys=fernet_key(),
        audit_signing_key=key,
    )
    service = Service(f"http://127.0.0.1:{settings.port}", settings)
    async with running(served(settings, ["api"])), world_of(service) as made:
        monkeypatch.setenv("REPRISE_URL", service.url)
        monkeypatch.setenv("REPRISE_TOKEN", service.token())
        monkeypatch.setenv("REPRISE_DATABASE_URL", database)
        monkeypatch.setenv("REPRISE_NATS_URL", nats_url)
        monkeypatch.setenv("REPRISE_AUDIT_SIGNING_KEY", key)
        for name in ("one", "two", "three"):
            await made.failed(name)
        await take(settings, Taker(database, Signer(key), "reprise"), jetstream(made.backend.nats))
        yield made


async def deleted(world: World, *names: str) -> None:
    """These, unless they are; nobody is there to remove what they had."""
    for item in (await world.admin.get("/api/instances")).json()["items"]:
        if item["name"] in names:
            await world.admin.delete(f"/api/instances/{item['id']}")
            await world.say(item["id"], EventType.DELETE_COMPLETED, Receipt(objects=()))


async def test_every_example_prints_what_the_page_says(world: World, run: Reprise, nowhere: Path) -> None:
    key = run("audit", "key", "public").out.strip()
    seen = 0
    for command, printed in examples():
        if " archive " in command:
            await deleted(world, "one", "three")
        words = shlex.split(KEY.sub(key, command))
        if words[0] == "reprise":
            said = await asyncio.to_thread(run, *words[1:])
            assert said.err == "", command
            assert plain(said.out) == plain(printed), command
        else:
            program = [str(binary("psql")), "--dbname", os.environ["REPRISE_DATABASE_URL"]]
            words = [*program, *words[1:]] if words[0] == "psql" else words
            subprocess.run(words, cwd=nowhere, check=True)  # noqa: ASYNC221, S603  # a command of the page
        seen += 1
    assert seen >= 16
