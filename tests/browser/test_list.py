"""The list of instances: why stands there on a phone too, a choice is kept, and the counts add up."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.made import Made
from tests.browser.people import People
from tests.browser.visiting import PHONE
from tests.support.installation import Installation
from tests.support.names import unique

ON_A_PHONE = pytest.mark.parametrize("how", [{"viewport": PHONE, "is_mobile": True, "has_touch": True}], ids=["phone"])


async def is_seen_whole(page: Page, text: str) -> None:
    """It lies within the screen, without scrolling sideways."""
    found = page.get_by_text(text).locator("visible=true").first
    size = await found.bounding_box()
    assert size is not None
    assert size["x"] >= 0
    assert size["x"] + size["width"] <= PHONE["width"]


@ON_A_PHONE
async def test_a_phone_shows_why_without_being_asked(people: People, made: Made) -> None:
    failed = await made.failed()
    page = await people.admin()
    await page.goto(f"/instances?q={failed['name']}")
    await is_seen_whole(page, failed["error_message"])
    await expect(page.get_by_role("link", name="Cards")).to_have_attribute("aria-current", "true")


@ON_A_PHONE
async def test_a_choice_counts_on_a_phone_too(people: People, made: Made) -> None:
    failed = await made.failed()
    page = await people.admin()
    await page.goto(f"/instances?q={failed['name']}")
    row = page.locator(f"tr[data-instance='{failed['id']}']")
    await expect(row).not_to_have_css("display", "table-row")
    await page.get_by_role("link", name="Table").click()
    await page.goto(f"/instances?q={failed['name']}")
    await expect(row).to_have_css("display", "table-row")
    await page.get_by_role("link", name="Cards").click()
    await page.goto("/instances")
    await expect(page.get_by_role("table")).to_have_count(0)


async def test_a_large_screen_shows_a_table_until_cards_are_chosen(people: People, made: Made) -> None:
    await made.running()
    page = await people.admin()
    await page.goto("/instances")
    await expect(page.get_by_role("table")).to_be_visible()
    await page.get_by_role("link", name="Cards").click()
    await page.goto("/instances")
    await expect(page.get_by_role("table")).to_have_count(0)


@ON_A_PHONE
async def test_the_filter_for_text_shows_what_it_is_for(people: People) -> None:
    page = await people.admin()
    await page.goto("/instances")
    field = page.get_by_label("Text")
    room, needed = await field.evaluate(
        """field => {
             const style = getComputedStyle(field), pen = document.createElement("canvas").getContext("2d");
             pen.font = style.font;
             const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
             return [field.clientWidth - padding, pen.measureText(field.placeholder).width];
           }"""
    )
    assert needed <= room


async def test_filters_narrow_the_list_and_stand_in_its_address(people: People, made: Made) -> None:
    customer = unique("customer")
    no_room = await made.failed(customer_id=customer)
    no_image = await made.instance("error", image="missing:1", customer_id=customer)
    page = await people.admin()
    await page.goto("/instances")
    await page.get_by_label("Customer").fill(customer)
    await page.get_by_label("Cause").select_option("image_pull")
    await page.get_by_role("button", name="Filter").click()
    await page.get_by_role("navigation", name="Instances by status").get_by_role("link", name="error").click()
    await page.goto(page.url)
    await expect(page.get_by_role("link", name=no_image["name"], exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name=no_room["name"], exact=True)).to_have_count(0)
    await page.get_by_role("link", name="Clear").click()
    await expect(page.get_by_role("link", name=no_room["name"], exact=True)).to_be_visible()


@ON_A_PHONE
async def test_rows_of_the_audit_log_are_seen_whole(people: People, made: Made) -> None:
    failed = await made.failed()
    page = await people.admin()
    await page.goto(f"/audit?instance_id={failed['id']}&type=deploy.timeout")
    await is_seen_whole(page, failed["error_message"])
    await is_seen_whole(page, "deploying → cleaning_up")


@pytest.mark.parametrize("path", ["/", "/instances"])
async def test_the_counts_add_up(people: People, made: Made, reprise: Installation, path: str) -> None:
    gone = await made.failed()
    await reprise.http.delete(f"/api/instances/{gone['id']}")
    await reprise.reaches(gone["id"], "deleted")
    page = await people.admin()
    await page.goto(path)
    counts: dict[str, int] = {}
    for text in await page.get_by_role("navigation", name="Instances by status").get_by_role("link").all_inner_texts():
        found = re.fullmatch(r"(\D+?)\s*(\d+)", text.strip())
        assert found is not None
        counts[found[1]] = int(found[2])
    assert counts.pop("deleted") > 0
    assert counts.pop("all but deleted") == sum(counts.values())
