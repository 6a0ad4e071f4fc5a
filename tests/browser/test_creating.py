"""A new instance, made in the browser: told at once whether it fits, and what is wrong beside its field."""

import re

from playwright.async_api import expect

from tests.browser.looking import shows
from tests.browser.made import Made
from tests.browser.people import People
from tests.support.names import unique


async def test_it_is_made_and_runs(people: People, made: Made) -> None:
    name = unique()
    page = await people.admin()
    await page.goto("/instances/new")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Customer").fill("acme")
    await page.get_by_label("CPU").fill("50m")
    await page.get_by_label("Memory").fill("64Mi")
    await page.get_by_role("button", name="Make it").click()
    await shows(page, name, "running", "completed")
    made.by_hand(page.url.rpartition("/")[2].partition("?")[0])


async def test_room_is_told_while_one_types(people: People) -> None:
    page = await people.admin()
    await page.goto("/instances/new")
    await page.get_by_label("CPU").fill("900")
    await expect(page.get_by_role("status").filter(has_text="It does not fit now")).to_be_visible()
    await page.get_by_label("CPU").fill("50m")
    await page.get_by_label("Memory").fill("64Mi")
    await expect(page.get_by_role("status").filter(has_text="There seems to be room")).to_be_visible()


async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(people: People) -> None:
    page = await people.admin()
    await page.goto("/instances/new")
    await page.get_by_label("Name").fill("shop")
    await page.get_by_label("Customer").fill("acme")
    await page.get_by_label("CPU").fill("plenty")
    await page.get_by_label("Reason").fill("a new customer")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_label("CPU")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("CPU")).to_have_accessible_description(re.compile("write it like 500m"))
    await expect(page.get_by_label("Name")).to_have_value("shop")
    await expect(page.get_by_label("Reason")).to_have_value("a new customer")


async def test_a_name_that_is_taken_is_refused_beside_it(people: People, made: Made) -> None:
    taken = await made.running()
    page = await people.admin()
    await page.goto("/instances/new")
    await page.get_by_label("Name").fill(taken["name"])
    await page.get_by_label("Customer").fill(taken["customer_id"])
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Name")).to_have_accessible_description("An instance of this name exists already")
