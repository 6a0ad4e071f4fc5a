"""Those that failed for one cause are retried together in the browser: the plan, the count, the reason, how it goes."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.looking import WITHOUT_SCRIPTS, address, retries, shows
from tests.browser.made import Document, Made
from tests.browser.people import People
from tests.support.installation import Installation
from tests.support.names import unique


async def two_failed(made: Made) -> tuple[str, list[Document]]:
    """A customer, and its two instances that found no room."""
    customer = unique("customer")
    return customer, [await made.failed(customer_id=customer) for _ in range(2)]


async def plan(page: Page, customer: str) -> None:
    """Ask what would be retried."""
    await page.goto("/retries")
    await page.get_by_label("Cause").select_option("insufficient_resources")
    await page.get_by_label("Customer").fill(customer)
    await page.get_by_role("button", name="Show the plan").click()
    await expect(page.get_by_role("heading", name="2 failed instances fit")).to_be_visible()
    await expect(page.get_by_role("region", name="2 failed instances fit")).to_contain_text("One goes first")


async def begin(page: Page, count: str) -> None:
    """Confirm what was seen."""
    await page.get_by_label("Type the count").fill(count)
    await page.get_by_label("Reason").fill("there is room now")
    await page.get_by_role("button", name="Retry 2").click()


async def test_one_goes_first_and_the_other_follows(people: People, made: Made, reprise: Installation) -> None:
    customer, failed = await two_failed(made)
    page = await people.admin()
    await plan(page, customer)
    await made.room()
    await begin(page, "2")
    await expect(page.get_by_role("heading", name="Retry of 2")).to_be_visible()
    await expect(page.locator("#progress")).to_contain_text("completed")
    await expect(page.locator("#progress")).to_contain_text("2 passed the step that had failed")
    for instance in failed:
        assert await retries(reprise, instance) == ["applied"]
        await page.goto(address(instance))
        await shows(page, "running", "completed", "attempt 2")


async def choose(page: Page, customer: str, *chosen: Document) -> None:
    """Tick them in the list of the customer's failures."""
    await page.goto(f"/instances?status=error&customer_id={customer}")
    for instance in chosen:
        await page.get_by_label(f"Choose {instance['name']}").check()


async def confirm(page: Page, count: str) -> None:
    """Say how many, and why, of those that were chosen."""
    await page.get_by_role("button", name="Retry the chosen").click()
    await expect(page.get_by_role("heading", name=f"{count} failed of those chosen")).to_be_visible()
    await page.get_by_label("Type the count").fill(count)
    await page.get_by_label("Reason").fill("these two alone")
    await page.get_by_role("button", name=f"Retry {count}").click()


async def test_those_chosen_by_hand_are_retried_and_no_others(
    people: People, made: Made, reprise: Installation
) -> None:
    customer, failed = await two_failed(made)
    left = await made.failed(customer_id=customer)
    page = await people.admin()
    await made.room()
    await choose(page, customer, *failed)
    await confirm(page, "2")
    await expect(page.locator("#progress")).to_contain_text("completed")
    await expect(page.locator("main")).to_contain_text("2 chosen by hand")
    assert [await retries(reprise, each) for each in (*failed, left)] == [["applied"], ["applied"], []]


@WITHOUT_SCRIPTS
@pytest.mark.parametrize("view", ["table", "cards"])
async def test_without_scripts_too(people: People, made: Made, reprise: Installation, view: str) -> None:
    customer, failed = await two_failed(made)
    page = await people.admin()
    await page.goto(f"/instances?view={view}")
    await choose(page, customer, failed[0])
    await confirm(page, "1")
    await expect(page.get_by_role("heading", name="Retry of 1")).to_be_visible()
    await reprise.reaches(failed[0]["id"], "deploying")
    assert await retries(reprise, failed[1]) == []


async def test_what_is_chosen_stays_so_while_the_list_changes(people: People, made: Made) -> None:
    customer, [first, _] = await two_failed(made)
    page = await people.admin()
    await choose(page, customer, first)
    box = page.get_by_label(f"Choose {first['name']}")
    await box.focus()
    third = await made.failed(customer_id=customer)
    await expect(page.get_by_role("row", name=third["name"])).to_be_visible()
    await expect(box).to_be_checked()
    await expect(box).to_be_focused()


async def test_who_has_moved_on_meanwhile_is_left_out_of_the_plan(
    people: People, made: Made, reprise: Installation
) -> None:
    customer, failed = await two_failed(made)
    page = await people.admin()
    await choose(page, customer, *failed)
    answer = await reprise.http.post(f"/api/instances/{failed[1]['id']}/hold", json={"reason": "being looked at"})
    assert answer.status_code == 202
    await page.goto(f"/retries?id={failed[0]['id']}&id={failed[1]['id']}")
    await expect(page.get_by_role("heading", name="1 failed of those chosen")).to_be_visible()
    await expect(page.get_by_text("1 of those chosen cannot be retried now")).to_be_visible()


async def test_another_count_than_there_are_begins_nothing(people: People, made: Made, reprise: Installation) -> None:
    customer, failed = await two_failed(made)
    page = await people.admin()
    await plan(page, customer)
    await begin(page, "3")
    await expect(page.get_by_label("Type the count")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Reason")).to_have_value("there is room now")
    assert [await retries(reprise, instance) for instance in failed] == [[], []]


async def test_it_is_paused_resumed_and_aborted(people: People, made: Made, reprise: Installation) -> None:
    customer, failed = await two_failed(made)
    page = await people.admin()
    await plan(page, customer)
    await begin(page, "2")
    progress = page.locator("#progress")
    for press, shown in (("Pause", "paused"), ("Resume", "one goes first"), ("Abort", "aborted")):
        await progress.get_by_role("button", name=press).click()
        await expect(progress).to_contain_text(shown)
    await expect(progress.get_by_role("button")).to_have_count(0)
    begun = [each for instance in failed for each in await retries(reprise, instance)]
    assert len(begun) <= 1, "the other has not followed"
