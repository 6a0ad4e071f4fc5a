"""Server-sent events read over a real socket, as a browser reads them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bus.relay import Relay
from tests.integration.api.world import World


class Listener:
    """Reads events as a browser does."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next event that has a name; "end" where the server ended the stream."""
        found: dict[str, Any] = {}
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line == "" and "event" in found:
                    return found
                name, _, value = line.partition(": ")
                if name in ("id", "event", "data"):
                    found[name] = json.loads(value) if name == "data" else value
        return {"event": "end"}


@asynccontextmanager
async def listening(
    url: str,
    client: httpx.AsyncClient,
    path: str = "/api/events",
    after: str | None = None,
    **query: str,
) -> AsyncIterator[Listener]:
    """An open stream; `after`: the id of the last event that was seen."""
    headers = {"Authorization": client.headers["authorization"], **({"Last-Event-ID": after} if after else {})}
    async with (
        httpx.AsyncClient(base_url=url, timeout=20, headers=headers) as real,
        real.stream("GET", path, params=query) as got,
    ):
        assert got.status_code == 200
        assert got.headers["content-type"].startswith("text/event-stream")
        yield Listener(got)


async def relay(world: World) -> None:
    """Everything that is due goes into JetStream."""
    await Relay(world.backend.engine, world.backend.nats, b"e" * 32).move()
