"""The server goes and comes back while a page is open."""

import asyncio

from playwright.async_api import expect

from tests.browser.looking import address, shows
from tests.browser.made import Made
from tests.browser.people import People
from tests.browser.visiting import Visit
from tests.support.up import Up

AT_MOST_EVERY = 1.5
"""Seconds, and some more, within which a page looks again (console.js)."""


async def test_a_page_says_that_it_is_behind_and_catches_up(
    browsing: Visit, people: People, made: Made, up: Up
) -> None:
    page = await people.admin()
    waiting = await made.waiting()
    await page.goto(address(waiting))
    lost = page.get_by_text("The connection is lost")
    await expect(lost).to_be_hidden()
    await up.kill("service")
    await expect(lost).to_be_visible()
    await browsing.faults.forgive(
        r"ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|CONNECTION_RESET)"
    )
    await expect(lost).to_be_hidden()
    await made.room()
    await shows(page, "running", "completed")


async def test_a_tab_that_nobody_sees_is_not_read_anew_until_it_is_shown(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto("/instances")
    await expect(page.get_by_role("heading", name="Instances", exact=True)).to_be_visible()
    await page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    await asyncio.sleep(AT_MOST_EVERY)  # a look that had begun ends
    looks: list[str] = []
    page.on("request", lambda asked: looks.append(asked.url) if asked.resource_type == "fetch" else None)
    new = await made.running()
    row = page.get_by_role("link", name=new["name"], exact=True)
    await expect(row).to_have_count(0)
    assert looks == []
    await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(row).to_be_visible()
