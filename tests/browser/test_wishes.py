"""What can be done with an instance besides retrying it, by its buttons."""

from playwright.async_api import Page, expect

from tests.browser.looking import address, changing, shows
from tests.browser.made import Made
from tests.browser.people import People
from tests.support.installation import Installation


async def press(page: Page, name: str) -> None:
    """A button of what can be done."""
    await page.get_by_role("region", name="What can be done").get_by_role("button", name=name, exact=True).click()


async def delete(page: Page, typed: str) -> None:
    """Confirm with what is typed."""
    await page.get_by_text("Delete …").click()
    await page.get_by_label("to confirm").fill(typed)
    await press(page, "Delete")


async def test_stop_and_start(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.running()))
    await press(page, "Stop")
    await shows(page, "stopped")
    await press(page, "Start")
    await shows(page, "running")


async def test_hold_and_release(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.running()))
    await press(page, "Hold")
    await shows(page, "held")
    await press(page, "Release")
    await expect(page.locator("#head")).not_to_contain_text("held")


async def test_cancel(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.waiting()))
    await press(page, "Cancel")
    await shows(page, "error", "failed")


async def test_delete_asks_for_the_name_and_can_be_undone(people: People, made: Made, reprise: Installation) -> None:
    running = await made.running()
    page = await people.admin()
    await page.goto(address(running))
    await delete(page, "another")
    await expect(page.get_by_role("alert")).to_contain_text(running["name"])
    assert (await reprise.instance(running["id"]))["state"] == "running"
    await delete(page, running["name"])
    await shows(page, "trashed")
    await press(page, "Restore")
    await shows(page, "stopped")
    await press(page, "Start")
    await shows(page, "running")


async def test_deleted_at_once(people: People, made: Made) -> None:
    running = await made.running()
    page = await people.admin()
    await page.goto(address(running))
    await page.get_by_text("Delete …").click()
    await page.get_by_label("now, without").check()
    await page.get_by_label("to confirm").fill(running["name"])
    await press(page, "Delete")
    await shows(page, "deleted")


async def test_why_is_kept_and_enter_presses_nothing(people: People, made: Made, reprise: Installation) -> None:
    running = await made.running()
    page = await people.admin()
    await page.goto(address(running))
    why = page.get_by_label("Why", exact=True).locator("visible=true")
    await why.fill("not used over the holidays")
    await why.press("Enter")
    await expect(why).to_have_value("not used over the holidays")
    assert (await reprise.instance(running["id"]))["state"] == "running"
    await press(page, "Stop")
    await shows(page, "stopped")
    [wish] = [row for row in await reprise.trail(running["id"]) if row["type"] == "stop.requested"]
    assert wish["reason"] == "not used over the holidays"


async def offers(page: Page) -> set[str]:
    """What can be pressed besides a retry."""
    region = page.get_by_role("region", name="What can be done")
    buttons = await region.get_by_role("button").all_inner_texts()
    summaries = await region.locator("summary").all_inner_texts()
    return {text.removesuffix(" …") for text in (*buttons, *summaries)}


async def test_every_wish_is_offered_where_it_can_be(people: People, made: Made) -> None:
    page = await people.admin()
    for state, wanted in (("running", {"Stop"}), ("failed", set[str]()), ("waiting", {"Cancel"})):
        await page.goto(address(await getattr(made, state)()))
        assert await offers(page) == {*wanted, "Hold", "Delete"}, state


async def test_a_profile_that_is_none_is_refused_in_words(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.failed()))
    await changing(page)
    await page.get_by_label("Profile").fill("nothing-like-it")
    await page.get_by_role("button", name="Retry with these changes").click()
    await expect(page.get_by_role("alert").first).to_contain_text("profile")
    await expect(page.get_by_label("Profile")).to_have_value("nothing-like-it")
