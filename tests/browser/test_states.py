"""The state diagram on an instance's page: where it is, how it came there, and the same in words."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.looking import RETRY, WITHOUT_SCRIPTS, address, shows
from tests.browser.made import Made
from tests.browser.people import People
from tests.browser.visiting import PHONE

FAILED = ["pending", "allocating_database", "deploying", "cleaning_up", "error"]


def box(page: Page, mark: str) -> Locator:
    """The boxes of the picture that is to be seen, with that mark."""
    return page.locator(f"#states svg:visible .box.{mark}")


async def states(page: Page, attempt: int) -> list[str]:
    """In words, in order."""
    items = page.get_by_role("list", name=f"States of attempt {attempt}").get_by_role("listitem")
    return [text.split()[-1] for text in await items.all_inner_texts()]


@WITHOUT_SCRIPTS
async def test_a_failure_is_drawn_and_told(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.failed()))
    await expect(box(page, "now")).to_have_count(1)
    await expect(box(page, "now")).to_contain_text("error")
    await expect(box(page, "taken").filter(has_text="deploying")).to_have_count(1)
    await expect(box(page, "never").filter(has_text="running")).to_have_count(1)
    await expect(page.locator("#states svg:visible .arrow.taken")).to_have_count(len(FAILED))
    assert await states(page, 1) == FAILED
    await expect(page.get_by_role("list", name="States of attempt 1")).to_contain_text("deploy.timeout → cleaning_up")


async def test_it_follows_a_retry_and_keeps_the_earlier_way(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.failed()))
    await made.room()
    await page.get_by_role("button", name=RETRY).click()
    await shows(page, "running", "attempt 2")
    await expect(box(page, "now")).to_contain_text("running")
    await expect(box(page, "before").filter(has_text="error")).to_have_count(1)
    assert (await states(page, 2))[-1] == "running"
    assert await states(page, 1) == FAILED


@pytest.mark.parametrize("how", [{"viewport": PHONE, "is_mobile": True, "has_touch": True}], ids=["phone"])
async def test_a_phone_shows_all_of_it_at_a_size_that_can_be_read(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.running()))
    picture = page.locator("#states svg:visible")
    await expect(picture).to_have_count(1)
    size = await picture.bounding_box()
    assert size is not None
    assert size["x"] >= 0
    assert size["x"] + size["width"] <= PHONE["width"]
    drawn = await picture.evaluate("svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width")
    assert drawn > 0.95, "letters are as large as they were meant to be"


async def test_no_name_is_wider_than_its_box(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.running()))
    too_wide = await page.locator("#states svg:visible .box").evaluate_all(
        """boxes => boxes.flatMap(box => {
             const room = box.querySelector("rect").getBBox().width - 4;
             return [...box.querySelectorAll("text")].filter(text => text.getBBox().width > room);
           }).map(text => text.textContent)"""
    )
    assert too_wide == []
