"""Every page: usable by everybody in both colour schemes, complete on a phone, and there."""

from collections.abc import Mapping

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.pages import PAGES, Shown
from tests.browser.people import People
from tests.browser.visiting import PHONE

EVERY_PAGE = pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.name)


async def opened(shown: Shown, people: People, page: Page, pictured: Mapping[str, str]) -> None:
    if not shown.open_to_all:
        await people.admin()
    await page.goto(shown.address(pictured))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


@EVERY_PAGE
async def test_it_is_accessible(shown: Shown, people: People, page: Page, pictured: Mapping[str, str]) -> None:
    await opened(shown, people, page, pictured)
    await assert_accessible(page)


@EVERY_PAGE
@pytest.mark.parametrize("how", [{"viewport": PHONE, "is_mobile": True, "has_touch": True}], ids=["phone"])
async def test_a_phone_shows_it_without_scrolling_sideways(
    shown: Shown, people: People, page: Page, pictured: Mapping[str, str]
) -> None:
    await opened(shown, people, page, pictured)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await assert_accessible(page)
