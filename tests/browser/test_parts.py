"""How the parts are: comes to the overview by itself once it is shown, and without JavaScript by a link."""

import asyncio

from playwright.async_api import Page, Route, expect

from tests.browser.looking import WITHOUT_SCRIPTS
from tests.browser.people import People


async def shows_them(page: Page) -> None:
    """What they depend on, and each part."""
    parts = page.locator("#parts")
    for name in ("postgresql", "last checkpoint, age", "dead letters", "relay", "watcher", "lifecycle", "cluster"):
        await expect(parts.get_by_role("term").filter(has_text=name).first).to_be_visible()
    await expect(parts.get_by_role("progressbar", name="CPU of node-0")).to_be_visible()
    await expect(parts.get_by_role("link", name="See how each part is")).to_have_count(0)


async def test_they_come_to_an_overview_that_is_shown_already(people: People) -> None:
    page = await people.admin()
    known = asyncio.Event()

    async def once_known(route: Route) -> None:
        await known.wait()
        await route.continue_()

    await page.route("**/parts", once_known)
    await page.goto("/")
    parts = page.locator("#parts")
    await expect(parts).to_have_attribute("aria-busy", "true")
    await expect(page.get_by_role("heading", name="What failed, and why")).to_be_visible()
    await expect(parts.get_by_role("link", name="See how each part is")).to_be_visible()
    known.set()
    await shows_them(page)
    await expect(page.locator("[aria-busy]")).to_have_count(0)


@WITHOUT_SCRIPTS
async def test_without_scripts_a_link_leads_to_them(people: People) -> None:
    page = await people.admin()
    await page.goto("/")
    await page.get_by_role("link", name="See how each part is").click()
    await expect(page.get_by_role("heading", level=1, name="Health")).to_be_visible()
    await shows_them(page)


async def test_customers_are_not_told(people: People) -> None:
    page = await people.customer("acme")
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    await expect(page.locator("#parts")).to_have_count(0)
    answer = await page.goto("/parts")
    assert answer is not None
    assert answer.status == 403
