"""An export that breaks off on its way to the console breaks off on its way to the browser too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from console.app import console
from console.asking import COOKIE
from console.sessions import Sessions
from embedded.state import fernet_key
from schemas.settings import Settings
from tests.support.proxy import served

BEGUN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/jsonl\r\nX-Export-Id: 00000000\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n4\r\n{}\r\n\r\n"
)


@asynccontextmanager
async def breaking_off() -> AsyncIterator[str]:
    """Where an API sends one row of an export, and dies."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(BEGUN)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_no_browser_takes_for_whole_what_is_not() -> None:
    key = fernet_key()
    session, cookie = Sessions(key).begin("token", "alice", "admin", None)
    form = urlencode({"csrf": session.csrf, "reason": "the auditor asks"})
    async with (
        breaking_off() as api,
        console(Settings(console_key=SecretStr(key), api_url=api)) as app,
        served(app) as place,
        httpx.AsyncClient(base_url=place, cookies={COOKIE: cookie}, timeout=60) as browser,
        browser.stream("POST", "/audit/export", content=form) as answer,
    ):
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()
