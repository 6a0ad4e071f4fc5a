"""Pictures every page into docs/screenshots, by light and by night and on a phone: `make screenshots`."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, FloatRect, Page, expect

from tests.browser.chromium import chromium
from tests.browser.example import example
from tests.browser.pages import PAGES
from tests.browser.people import People
from tests.browser.visiting import LARGE, PHONE, launched, visit
from tests.browser.whole import whole
from tests.support.installation import Installation

PLACE = Path(__file__).parents[2] / "docs" / "screenshots"
LONGEST = 1_800
WAYS: Mapping[str, dict[str, Any]] = {
    "light": {"viewport": LARGE, "color_scheme": "light"},
    "dark": {"viewport": LARGE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "is_mobile": True, "has_touch": True},
}


async def main() -> None:
    """All of them anew; what is no longer a page has no picture."""
    PLACE.mkdir(exist_ok=True)
    for old in PLACE.glob("*.png"):
        old.unlink()
    async with whole("alice") as reprise, launched(chromium()) as browser:
        ids = await example(reprise)
        for way, how in WAYS.items():
            await _pictured(browser, reprise, ids, way, how)


async def _pictured(
    browser: Browser, reprise: Installation, ids: Mapping[str, str], way: str, how: dict[str, Any]
) -> None:
    async with visit(browser, str(reprise.http.base_url), **how, timezone_id="UTC", locale="en-GB") as visiting:
        for signed_in in (False, True):
            if signed_in:
                await People(visiting, reprise.settings).admin()
            for shown in PAGES:
                if shown.open_to_all is not signed_in:
                    await visiting.page.goto(shown.address(ids))
                    await _shoot(visiting.page, PLACE / f"{shown.name}-{way}.png")


async def _shoot(page: Page, path: Path) -> None:
    """The whole page, with what it loads, but of a very long one only its beginning."""
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    width, height = await page.evaluate("[innerWidth, Math.max(innerHeight, document.documentElement.scrollHeight)]")
    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(height, LONGEST)}
    await page.screenshot(path=path, full_page=True, clip=clip)


if __name__ == "__main__":
    asyncio.run(main())
