"""Those that failed for one cause are retried together in the browser: the plan, the count, the reason, how it goes."""

from playwright.async_api import Page, expect

from tests.browser.looking import address, retries, shows
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
