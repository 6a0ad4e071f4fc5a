"""The brake: seen on the overview, released there, and what it held goes on."""

import asyncio

import asyncpg
from playwright.async_api import expect

from tests.browser.looking import address, shows
from tests.browser.made import TOO_MUCH, Made
from tests.browser.people import People
from tests.support.installation import Installation

WHY = "7 of 9 instances were lost or timed out within 600 s"


async def engaged(reprise: Installation) -> None:
    """As the writer engages it when many are lost at once; the test does not lose so many."""
    connection = await asyncpg.connect(reprise.settings.database_url)
    try:
        await connection.execute("INSERT INTO brakes (engaged_at, why) VALUES (now(), $1)", WHY)
    finally:
        await connection.close()


async def test_seen_released_and_what_it_held_goes_on(people: People, made: Made, reprise: Installation) -> None:
    await engaged(reprise)
    held = await made.instance("deploying", **TOO_MUCH)
    await asyncio.sleep(float(TOO_MUCH["patience"].removesuffix("s")) + 2)
    page = await people.admin()
    await page.goto(address(held))
    await shows(page, "creating")
    await page.goto("/")
    await expect(page.get_by_role("alert")).to_contain_text(WHY)
    await page.get_by_label("Why it is safe to go on").fill("the network is back")
    await page.get_by_role("button", name="Release the brake").click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert (await reprise.http.get("/api/brake")).json()["engaged"] is False
    await page.goto(address(held))
    await reprise.reaches(held["id"], "error")
    await shows(page, "error", "failed")
