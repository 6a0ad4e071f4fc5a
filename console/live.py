"""Live pages: one connection to the API for all pages of one token, however many are open."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog

from console.upstream import Upstream
from schemas.errors import DependencyDown, RepriseError

log = structlog.get_logger("console")
PAUSE = 1.0
SLOWEST = 15.0
ROOM = 100
"""Changes that wait for a page; one that is slower is told to look at everything anew."""
RESET = "event: reset\ndata: {}\n\n"
SILENCE = ":\n\n"


class Hub:
    """Hands what the API tells to every page that listens."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._channels: dict[bytes, _Channel] = {}

    async def listen(self, token: str) -> AsyncIterator[str]:
        """Server-sent events for one page, until it leaves."""
        key = hashlib.sha256(token.encode()).digest()
        channel = self._channels.setdefault(key, _Channel(self._upstream, token))
        queue = channel.join()
        try:
            while True:
                yield await queue.get()
        finally:
            channel.leave(queue)
            if not channel.is_heard:
                self._channels.pop(key, None)

    async def close(self) -> None:
        """Ends every connection to the API."""
        for channel in self._channels.values():
            await channel.close()


class _Channel:
    """One connection to the API and the pages that hear it."""

    def __init__(self, upstream: Upstream, token: str) -> None:
        self._upstream = upstream
        self._token = token
        self._pages: set[asyncio.Queue[str]] = set()
        self._last: str | None = None
        self._hears = False
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_heard(self) -> bool:
        return bool(self._pages)

    def join(self) -> asyncio.Queue[str]:
        """A page's own queue. It begins with a reset: what changed between page and hearing, nobody was told."""
        queue: asyncio.Queue[str] = asyncio.Queue(ROOM)
        if self._hears:
            queue.put_nowait(RESET)
        self._pages.add(queue)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return queue

    def leave(self, queue: asyncio.Queue[str]) -> None:
        self._pages.discard(queue)
        if not self._pages and self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    async def _read(self) -> None:
        """For as long as a page listens; what was missed meanwhile comes first, since the API is told the last id."""
        pause = PAUSE
        while True:
            try:
                async with self._upstream.listen(self._token, "/api/events", self._last) as lines:
                    pause = PAUSE
                    self._hears = True
                    self._say(RESET)
                    await self._tell(lines)
            except DependencyDown as error:
                log.info("live.waits", error=str(error), seconds=pause)
            except RepriseError as error:  # the token is not valid any more: the next look leads to the sign-in
                log.info("live.refused", error=str(error))
                self._say(RESET)
                pause = SLOWEST
            finally:
                self._hears = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, SLOWEST)

    async def _tell(self, lines: AsyncIterator[str]) -> None:
        event: list[str] = []
        async for line in lines:
            if line:
                event.append(line)
                continue
            self._last = next((part[4:] for part in event if part.startswith("id: ")), self._last)
            told = [part for part in event if part.startswith(("event:", "data:"))]
            self._say("\n".join(told) + "\n\n" if told else SILENCE)
            event = []

    def _say(self, text: str) -> None:
        for queue in self._pages:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESET)
            elif text is not SILENCE or queue.empty():
                queue.put_nowait(text)
