"""Holds pages to WCAG 2.2 AA, as far as a program can, in both colour schemes: axe-core, run inside the page."""

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": [*TAGS]},
    "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, and off until one asks for it
}

SHOWN = 3


async def assert_accessible(page: Page) -> None:
    """Fails with each violation: what is wrong, where, and how it is mended."""
    found = [line for scheme in ("light", "dark") for line in await _violations(page, scheme)]
    assert not found, "\n".join([f"{page.url} is not accessible:", *found])


async def _violations(page: Page, scheme: Any) -> list[str]:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    results = await Axe().run(page, options=OPTIONS)
    return [f"{scheme}: {line}" for violation in results.response["violations"] for line in _told(violation)]


def _told(violation: dict[str, Any]) -> list[str]:
    """Where, for the first few; the rest of a hundred alike is counted."""
    rule = f"{violation['id']} ({violation['impact']}): {violation['help']}"
    nodes = violation["nodes"]
    places = [f"{rule}\n    {node['html']}\n    {node['failureSummary']}" for node in nodes[:SHOWN]]
    more = len(nodes) - SHOWN
    return [*places, f"{rule}: {more} more"] if more > 0 else places
