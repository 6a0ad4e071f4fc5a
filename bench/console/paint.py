"""When the largest part of a page stands, in a real Chromium that has never been here: style and script are fetched."""

import statistics
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.console.people import Person
from console.asking import COOKIE

if TYPE_CHECKING:
    from playwright.async_api import Browser

LOOKS = 3
SETTLED = 300
"""Milliseconds after the page is loaded, within which nothing larger may come."""
_LARGEST = """settled => new Promise(done => {
  let largest = 0;
  new PerformanceObserver(list => { for (const each of list.getEntries()) largest = each.startTime; })
    .observe({type: "largest-contentful-paint", buffered: true});
  setTimeout(() => done(largest), settled);
})"""


def chromium() -> Path | str:
    """The program that the pages are tested with; in words why there is none."""
    try:
        import playwright  # noqa: F401  # of the packages for development

        from tests.browser import chromium as found
    except ImportError as missing:
        return f"{missing}; make .venv/.installed-dev"
    try:
        return found.chromium()
    except found.ChromiumMissing as missing:
        return str(missing)


@asynccontextmanager
async def browser(program: Path) -> AsyncIterator["Browser"]:
    """One for all measurements."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program)
        try:
            yield launched
        finally:
            await launched.close()


async def measure(used: "Browser", person: Person, pages: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds from asking for each page until its largest contentful paint: the median of LOOKS."""
    found = {name: [await _look(used, person, path) for _ in range(LOOKS)] for name, path in pages.items()}
    return {name: statistics.median(times) for name, times in found.items()}


async def _look(used: "Browser", person: Person, path: str) -> float:
    context = await used.new_context(base_url=person.url)
    try:
        await context.add_cookies([{"name": COOKIE, "value": person.cookie, "url": person.url}])
        page = await context.new_page()
        await page.goto(path, wait_until="load")
        return float(await page.evaluate(_LARGEST, SETTLED))
    finally:
        await context.close()
