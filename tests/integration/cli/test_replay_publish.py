"""`reprise replay publish`, with a real API process, a real runner and a stream of another system's."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from bus.connection import jetstream
from consumers import replaying
from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Service
from tests.integration.cli.test_retry_many import ended, started
from tests.support.names import unique
from tests.support.waiting import until


@dataclass(frozen=True)
class Elsewhere:
    """An instance with seven events, and another system's stream for them."""

    js: JetStreamContext
    world: World
    stream: str
    identity: str

    @property
    def to(self) -> str:
        return f"{self.stream}.replay"

    async def stored(self) -> list[str]:
        """The types of what the stream has."""
        last = (await self.js.stream_info(self.stream)).state.last_seq
        messages = [await self.js.get_msg(self.stream, sequence) for sequence in range(1, last + 1)]
        return [(each.headers or {})["ce-type"] for each in messages]

    async def replay(self) -> dict[str, Any] | None:
        found = (await self.world.admin.get("/api/replays")).json()["items"]
        return next((each for each in found if each["to"] == self.to), None)

    async def events(self) -> list[str]:
        rows = (await self.world.admin.get(f"/api/instances/{self.identity}/audit")).json()["items"]
        return [row["type"] for row in rows]


@pytest_asyncio.fixture
async def elsewhere(world: World, service: Service) -> AsyncIterator[Elsewhere]:
    js, stream, stop = jetstream(world.backend.nats), unique(), asyncio.Event()
    await js.add_stream(StreamConfig(name=stream, subjects=[f"{stream}.>"]))
    identity = await world.failed(unique())
    runner = asyncio.create_task(replaying.run(service.settings, world.backend.engine, js, stop))
    yield Elsewhere(js, world, stream, identity)
    stop.set()
    await runner


async def test_the_plan_is_shown_and_nothing_sent(reprise: Reprise, elsewhere: Elsewhere) -> None:
    wanted = ("--instance", elsewhere.identity, "--to", elsewhere.to)
    said = reprise("replay", "publish", *wanted, "--max", "2", "--dry-run")
    assert said.code == 0, said.err
    assert said.out.startswith("Nothing has been sent.\n")
    assert "7 fit; 2 are sent, the oldest, for that is the cap." in said.out
    assert f"which the stream {elsewhere.stream} stores" in said.out
    document = json.loads(
        reprise("replay", "publish", *wanted, "--type", "deploy.failed", "--dry-run", "-o", "json").out
    )
    assert [each["type"] for each in document["sample"]] == ["deploy.failed"]
    assert await elsewhere.replay() is None
    assert await elsewhere.stored() == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 2, "say where to, or which replay goes on (--resume)"),
        (("--to", "TO"), 2, "say why they are sent again"),
        (("--to", "TO", "--reason", "why"), 2, "where nobody can be asked, say that you mean it"),
        (("--to", "instances.x", "--dry-run"), 1, "to: instances.x is a subject of Reprise's own"),
        (("--to", "nobody.listens", "--dry-run"), 1, "to: no stream stores nobody.listens"),
        (("--to", "TO", "--since", "yesterday", "--dry-run"), 1, "where.since: is no moment in time"),
        (("--to", "TO", "--type", "deploy.well", "--dry-run"), 1, "where.types.0: must be one of"),
        (("--resume", "00000000-0000-4000-8000-000000000000", "--reason", "why"), 1, "Replay not found"),
    ],
)
async def test_what_cannot_be_is_told(
    reprise: Reprise, elsewhere: Elsewhere, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    said = reprise("replay", "publish", *(elsewhere.to if word == "TO" else word for word in arguments))
    assert (said.code, said.out) == (code, ""), said
    assert sentence in " ".join(said.err.replace("│", " ").split())
    assert await elsewhere.replay() is None


async def test_it_is_followed_until_all_are_sent(service: Service, reprise: Reprise, elsewhere: Elsewhere) -> None:
    wanted = ("--instance", elsewhere.identity, "--to", elsewhere.to, "--yes", "--reason", "billing is new")
    async with started(service, "replay", "publish", *wanted) as process:
        said = await ended(process)
    assert (said.code, said.out) == (0, "completed: 7 of 7 sent\n"), said
    assert await elsewhere.stored() == await elsewhere.events()
    listed = await asyncio.to_thread(reprise, "replay", "list")
    assert elsewhere.to in listed.out
    assert "billing is new" in listed.out


async def test_ctrl_c_stops_it_says_how_many_were_sent_and_it_is_resumed_by_its_id(
    service: Service, elsewhere: Elsewhere
) -> None:
    wanted = ("--instance", elsewhere.identity, "--to", elsewhere.to, "--rate", "1/s", "--yes", "--reason", "why")

    async def some() -> bool:
        seen = await elsewhere.replay()
        return seen is not None and seen["sent"] > 0

    async with started(service, "replay", "publish", *wanted) as process:
        await until(some, 30, what="some to be sent")
        process.send_signal(signal.SIGINT)
        said = await ended(process)
    seen = await elsewhere.replay()
    assert seen is not None
    assert (said.code, seen["state"]) == (130, "stopped"), said
    assert said.out == f"stopped: {seen['sent']} of 7 sent (stopped by cli:test-admin)\n"
    assert f"Go on with: reprise replay publish --resume {seen['id']} --reason …" in said.err
    assert await elsewhere.stored() == (await elsewhere.events())[: seen["sent"]]
    async with started(service, "replay", "publish", "--resume", seen["id"], "--reason", "go on") as process:
        said = await ended(process)
    assert (said.code, said.out) == (0, "completed: 7 of 7 sent\n"), said
    assert await elsewhere.stored() == await elsewhere.events()
    done = await elsewhere.replay()
    assert done is not None
    assert [(each["act"], each["reason"]) for each in done["acts"]][1] == ("resumed", "go on")
