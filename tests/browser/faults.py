"""What a page does wrong unseen: errors in its console, what its policy refuses, what it asks of other places."""

import re
from collections import Counter
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

from tests.support.waiting import until

_NOT_LOADED = "Failed to load resource"


class Faults:
    """Collects them over all pages of a context. `origin`: the one place that pages may load from.

    `elsewhere`: where people may be led besides; what the pages there do wrong is not ours.
    """

    def __init__(self, context: BrowserContext, origin: str, elsewhere: str | None) -> None:
        self._origin = origin
        self._elsewhere = elsewhere
        self._said: list[tuple[str, str]] = []
        self._refused_visits: list[str] = []
        self._forgiven: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("response", self._response)

    @property
    def found(self) -> list[str]:
        """One line a fault: where, and what."""
        excused = Counter(self._refused_visits)
        lines = []
        for where, what in self._said:
            if what.startswith(_NOT_LOADED) and excused[where] > 0:
                excused[where] -= 1  # a whole page that is refused: its test says so, the browser only repeats it
            elif not any(re.search(pattern, what) for pattern in self._forgiven):
                lines.append(f"{where}: {what}")
        return lines

    async def forgive(self, pattern: str) -> None:
        """What the test provokes: waits for it, and counts it no longer, however often. The rest fails the test."""
        self._forgiven.append(pattern)

        def told() -> bool:
            return any(re.search(pattern, what) for _, what in self._said)

        await until(told, what=f"the browser to complain about {pattern}")

    def _is_elsewhere(self, url: str) -> bool:
        return self._elsewhere is not None and url.startswith(f"{self._elsewhere}/")

    def _console(self, message: ConsoleMessage) -> None:
        page = message.page
        if message.type == "error" and not self._is_elsewhere(page.url if page is not None else ""):
            self._said.append((message.location["url"], message.text))

    def _error(self, error: WebError) -> None:
        page = error.page
        self._said.append((page.url if page is not None else "", str(error.error)))

    def _request(self, request: Request) -> None:
        if self._is_elsewhere(request.url) or self._is_elsewhere(request.frame.url):
            return
        scheme, host, *_ = urlsplit(request.url)
        if scheme in ("http", "https", "ws", "wss") and f"{scheme}://{host}" != self._origin:
            self._said.append((request.url, "was asked for, and is not ours"))

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused_visits.append(response.url)
