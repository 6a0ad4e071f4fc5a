"""The embedded NATS: closed but for its token, and its streams survive when it is killed."""

import asyncio
import stat
from pathlib import Path

import psutil
import pytest
from nats.js.api import StreamConfig

from embedded.nats import Nats
from tests.support.nats import connected
from tests.support.ports import free_port
from tests.support.running import running

TOKEN = "the-token"


@pytest.fixture
def server(tmp_path: Path) -> Nats:
    return Nats(tmp_path / "nats", free_port(), TOKEN)


async def test_streams_and_their_messages_survive_kill_9(server: Nats) -> None:
    async with running(server.child()) as process:
        async with connected(server.url) as client:
            await client.jetstream().add_stream(StreamConfig(name="KEPT", subjects=["kept.>"]))
            for number in range(100):
                await client.jetstream().publish("kept.one", str(number).encode())
        process.kill()
        process.wait()
    async with running(server.child()), connected(server.url) as client:
        assert (await client.jetstream().stream_info("KEPT")).state.messages == 100
        assert (await client.jetstream().get_msg("KEPT", 100)).data == b"99"


@pytest.mark.parametrize(("token", "answer"), [(TOKEN, b"PONG\r\n"), ("wrong", b"-ERR 'Authorization Violation'\r\n")])
async def test_only_the_token_opens_it(server: Nats, token: str, answer: bytes) -> None:
    async with running(server.child()):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert (await reader.readline()).startswith(b"INFO ")
        writer.write(f'CONNECT {{"auth_token": "{token}", "verbose": false}}\r\nPING\r\n'.encode())
        assert await reader.readline() == answer
        writer.close()
        await writer.wait_closed()


async def test_the_token_is_in_a_private_file_and_not_on_the_command_line(server: Nats) -> None:
    async with running(server.child()) as process:
        command = psutil.Process(process.pid).cmdline()
    assert [word for word in command if TOKEN in word] == []
    assert stat.S_IMODE((server.directory / "nats.conf").stat().st_mode) == 0o600


async def test_each_test_begins_with_a_server_without_streams(nats_url: str) -> None:
    """Run with the next one, in either order: one of the two would find the other's stream."""
    await _find_nothing_and_leave_a_stream(nats_url)


async def test_so_does_the_next(nats_url: str) -> None:
    await _find_nothing_and_leave_a_stream(nats_url)


async def _find_nothing_and_leave_a_stream(url: str) -> None:
    async with connected(url) as client:
        assert await client.jetstream().streams_info() == []
        await client.jetstream().add_stream(StreamConfig(name="LEFT", subjects=["left.>"]))
