"""Pages that are open: server-sent events as a browser takes them, held by one process: prints what all have heard.

`python -m bench.console.open_pages PORT SECONDS` reads a cookie a line, one for each page.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress

AGAIN = 3.0
"""Seconds after which a browser opens a lost connection anew, where it is told nothing else."""


class Pages:
    """What they have heard so far; `open`: how many are connected now."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.open = self.changes = self.resets = 0

    async def hold(self, cookie: str) -> None:
        """One page, for ever."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._listen(cookie)
            await asyncio.sleep(AGAIN)

    async def _listen(self, cookie: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        try:
            if not (await reader.readline()).startswith(b"HTTP/1.1 200"):
                raise ConnectionRefusedError("not shown")
            self.open += 1
            try:
                await self._hear(reader)
            finally:
                self.open -= 1
        finally:
            writer.close()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self.changes += line.startswith(b"event: state.changed")
            self.resets += line.startswith(b"event: reset")


async def main(port: int, seconds: float, cookies: list[str]) -> None:
    """One line of JSON a second: how many are open, and what they have heard so far."""
    pages = Pages(port)
    held = [asyncio.create_task(pages.hold(cookie)) for cookie in cookies]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(1)
        print(json.dumps({"open": pages.open, "changes": pages.changes, "resets": pages.resets}), flush=True)
    for each in held:
        each.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), sys.stdin.read().splitlines()))
