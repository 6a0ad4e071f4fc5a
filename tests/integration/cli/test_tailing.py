"""`reprise audit follow` through a connection that is cut: no row is passed over, and none comes twice."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from nats.js import JetStreamContext

from bus.connection import jetstream
from bus.relay import Relay
from bus.streams import CHANGES_STREAM, ensure
from cli.client import Client, Document
from cli.tailing import Tail
from cli.target import Target
from schemas.types import EventType
from tests.integration.api.world import DATABASE, World
from tests.integration.cli.conftest import Reprise, Service
from tests.integration.cli.test_waiting import Command
from tests.support.names import unique


class StopFollowing(Exception):
    """The test is over."""


class Line:
    """A TCP connection to the API that can be cut, and stays so until it is mended."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._there = (where.hostname, where.port)
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.close()
            return
        upstream, up = await asyncio.open_connection(*self._there)
        self._open |= {writer, up}
        await asyncio.gather(_pass(reader, up), _pass(upstream, writer))

    def cut(self) -> None:
        self._cut = True
        for writer in self._open:
            writer.close()
        self._open.clear()

    def mend(self) -> None:
        self._cut = False


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, RuntimeError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest_asyncio.fixture
async def line(service: Service) -> AsyncIterator[tuple[Line, str]]:
    """The line, and the address of its near end."""
    found = Line(service.url)
    async with await asyncio.start_server(found.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield found, f"http://127.0.0.1:{port}"
        found.cut()


@pytest_asyncio.fixture
async def js(world: World) -> JetStreamContext:
    found = jetstream(world.backend.nats)
    await ensure(found)
    return found


class Said:
    """What happens to an instance, each told at once, and the rows that a follower then shows."""

    def __init__(self, world: World, service: Service, rows: Iterator[Document]) -> None:
        self._world = world
        self._relay = Relay(world.backend.engine, world.backend.nats, service.settings.event_key_bytes)
        self._rows = rows

    async def happens(self, identity: str, *events: EventType) -> None:
        for event in events:
            await self._world.say(identity, event, DATABASE if event is EventType.DATABASE_ALLOCATED else None)
            await _told(self._relay)

    async def shown(self, count: int) -> list[tuple[int, str]]:
        async with asyncio.timeout(30):
            rows = [await asyncio.to_thread(next, self._rows) for _ in range(count)]
        return [(row["sequence"], row["type"]) for row in rows]


async def _told(relay: Relay) -> None:
    while await relay.move():
        pass


@pytest_asyncio.fixture
async def said(world: World, service: Service, js: JetStreamContext, line: tuple[Line, str]) -> AsyncIterator[Said]:
    """Ends with the test, also where that waits for a row that never comes."""
    over = threading.Event()

    def pause(seconds: float) -> None:
        if over.wait(seconds):
            raise StopFollowing

    await _told(
        Relay(world.backend.engine, world.backend.nats, service.settings.event_key_bytes)
    )  # what other tests have left
    client = Client(Target(line[1], service.token()))
    tail = await asyncio.to_thread(lambda: Tail(client, pause=pause))
    yield Said(world, service, tail.rows())
    over.set()
    line[0].cut()


async def test_rows_come_as_they_are_written_and_what_changed_nothing_with_them(world: World, said: Said) -> None:
    following = asyncio.create_task(said.shown(4))
    identity: str = (await world.create(unique()))["id"]
    await world.acme.post(f"/api/instances/{identity}/retry")
    await said.happens(identity, EventType.PROVISION_ADMITTED, EventType.DATABASE_ALLOCATED)
    assert await following == [
        (1, "provision.requested"),
        (2, "retry.requested"),
        (3, "provision.admitted"),
        (4, "database.allocated"),
    ]


@pytest.mark.parametrize("lost", [False, True], ids=["kept", "lost"])
async def test_what_happens_while_the_line_is_cut_is_shown_once(
    world: World, said: Said, line: tuple[Line, str], js: JetStreamContext, *, lost: bool
) -> None:
    """`lost`: the stream has dropped the changes too, so that the log alone knows."""
    identity: str = (await world.create(unique()))["id"]
    another: str = (await world.create(unique()))["id"]
    following = asyncio.create_task(said.shown(3))
    await said.happens(identity, EventType.PROVISION_ADMITTED)
    assert (2, "provision.admitted") in await following
    line[0].cut()
    await said.happens(identity, EventType.DATABASE_ALLOCATED, EventType.DEPLOY_APPLIED)
    await said.happens(another, EventType.PROVISION_ADMITTED)
    if lost:
        await js.purge_stream(CHANGES_STREAM)
        await said.happens(another, EventType.DATABASE_ALLOCATED)
    line[0].mend()
    missed = await said.shown(4 if lost else 3)
    await said.happens(identity, EventType.DEPLOY_READY)
    assert await said.shown(1) == [(5, "deploy.ready")]
    assert sorted(missed) == sorted(
        [(3, "database.allocated"), (4, "deploy.applied"), (2, "provision.admitted")]
        + ([(3, "database.allocated")] if lost else [])
    )


async def test_a_time_that_is_none_is_refused(reprise: Reprise) -> None:
    said = reprise("audit", "follow", "--since", "yesterday")
    assert (said.code, said.out) == (1, "")
    assert "2026-01-31T12:00:00Z" in said.err


@pytest.mark.usefixtures("js")
async def test_a_line_a_row_is_printed_until_ctrl_c(world: World, service: Service, tmp_path: Path) -> None:
    identity = await world.failed(unique())
    command = Command(service, tmp_path, "audit", "follow", "--instance", identity, "--since", "2020-01-01T00:00:00Z")
    try:
        await command.says("cleaning_up → error")
        command.process.send_signal(signal.SIGINT)
        assert await command.ends() == 0
    finally:
        command.process.kill()
    first, *others = command.said().splitlines()
    assert first.startswith(identity)
    assert first.endswith("  provision.requested  api:test-customer  1  none → pending  applied")
    assert len(others) == 6
