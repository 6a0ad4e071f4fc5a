"""One visit: a browser's context, with what went wrong in it, and what is kept of it when its test fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright, expect

from tests.browser.faults import Faults

PATIENCE = 20_000
"""Milliseconds for what a page is to show: the machine may be busy, and what never comes fails all the same."""
LARGE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=PATIENCE)


class Place(NamedTuple):
    """Where the pages are: an origin, and the prefix that they stand under; and where they may lead besides."""

    origin: str
    prefix: str = ""
    elsewhere: str | None = None


@dataclass
class Visit:
    """`faults` is of all pages of `context`; `page` is the first of them."""

    context: BrowserContext
    page: Page
    faults: Faults

    async def settle(self) -> None:
        """Returns when what the browser had to say so far has arrived."""
        await self.context.cookies()

    async def keep(self, directory: Path) -> None:
        """Leave a picture of every page and a trace of all that was done (`playwright show-trace FILE`)."""
        for number, page in enumerate(self.context.pages):
            with suppress(Error):  # a page that hangs is seen in the trace
                await page.screenshot(path=directory / f"page-{number}.png", full_page=True, timeout=PATIENCE)
        await self.context.tracing.stop(path=directory / "trace.zip")


@asynccontextmanager
async def visit(browser: Browser, origin: str, elsewhere: str | None = None, **how: Any) -> AsyncIterator[Visit]:
    """A browser that has never been here, and may be led elsewhere; `how` are options of playwright's `new_context`."""
    context = await browser.new_context(base_url=origin, **{"viewport": LARGE, **how})
    context.set_default_timeout(PATIENCE)
    faults = Faults(context, origin, elsewhere)
    await context.tracing.start(snapshots=True)
    try:
        yield Visit(context, await context.new_page(), faults)
    finally:
        await context.close()


@asynccontextmanager
async def launched(program: Path) -> AsyncIterator[Browser]:
    """A Chromium that knows of no host but this machine."""
    nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[nowhere])
        try:
            yield browser
        finally:
            await browser.close()
