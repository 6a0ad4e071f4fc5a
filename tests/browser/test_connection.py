"""The server goes and comes back while a page is open."""

from playwright.async_api import expect

from tests.browser.looking import address, shows
from tests.browser.made import Made
from tests.browser.people import People
from tests.browser.visiting import Visit
from tests.support.up import Up


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
