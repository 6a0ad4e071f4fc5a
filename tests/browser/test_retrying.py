"""The loop in the browser: a failure is seen, understood, retried with one click, and runs, on the same database."""

import asyncio
import re
from typing import Any

from playwright.async_api import Route, expect

from tests.browser.looking import FAILED, RETRY, WITHOUT_SCRIPTS, address, changing, retries, shows
from tests.browser.made import Made
from tests.browser.people import People
from tests.support.installation import Installation
from tests.support.waiting import until

LATE = 2.0
"""Seconds for which the server seems to think."""


async def test_the_six_points(people: People, made: Made, reprise: Installation) -> None:
    page = await people.admin()
    failed = await made.failed()
    database = failed["database"]
    await page.goto(address(failed))

    await shows(page, "error", "failed")
    alert = page.get_by_role("alert", name=FAILED)
    await expect(alert).to_contain_text(failed["error_message"])
    await expect(alert).to_contain_text("Insufficient cpu")
    await expect(alert).to_contain_text("No node has room for it")
    await expect(page.get_by_role("button", name=RETRY)).to_be_enabled()

    await made.room()
    await page.get_by_role("button", name=RETRY).click()
    await shows(page, "running", "completed", "attempt 2")
    await expect(alert).to_have_count(0)

    now = await reprise.instance(failed["id"])
    assert (now["status"], now["provisioning_status"], now["attempt"]) == ("running", "completed", 2)
    assert (await retries(reprise, failed)) == ["applied"]
    assert now["database"] == database
    await expect(page.locator("#facts")).to_contain_text(database["database"])


async def test_what_a_retry_reuses_and_makes_anew_is_shown_first(people: People, made: Made) -> None:
    page = await people.admin()
    failed = await made.failed()
    await page.goto(address(failed))
    await page.get_by_text("What a retry reuses and makes anew").click()
    plan = page.get_by_role("region", name="The plan of a retry")
    await expect(plan.get_by_role("row", name=f"Database {failed['database']['database']}")).to_contain_text("reuse")
    await expect(plan.get_by_role("row", name="Deployment")).to_contain_text("create")


async def test_the_time_that_is_left_is_counted_down(people: People, made: Made) -> None:
    page = await people.admin()
    waiting = await made.waiting()
    await page.clock.install()
    await page.goto(address(waiting))
    left = page.get_by_role("region", name="What it waits for").locator("[data-countdown]")
    await expect(left).to_have_text("23 h left")
    await page.clock.fast_forward("22:00:00")
    await expect(left).to_have_text(re.compile(r"1[12]\d min left"))
    await page.clock.fast_forward("02:00:00")
    await expect(left).to_have_text("any moment now")


async def test_an_open_page_follows_without_being_touched(people: People, made: Made) -> None:
    page = await people.admin()
    waiting = await made.waiting()
    await page.goto(address(waiting))
    await expect(page.get_by_role("region", name="What it waits for")).to_contain_text("Insufficient cpu")
    await made.room()
    await shows(page, "running", "completed")


async def test_the_list_follows_too(people: People, made: Made) -> None:
    page = await people.admin()
    waiting = await made.waiting()
    await page.goto(f"/instances?q={waiting['name']}")
    row = page.get_by_role("row", name=waiting["name"])
    await expect(row).to_contain_text("creating")
    await made.room()
    await expect(row).to_contain_text("running")


async def test_a_retry_may_ask_for_less(people: People, made: Made, reprise: Installation) -> None:
    page = await people.admin()
    failed = await made.failed()
    await page.goto(address(failed))
    await changing(page)
    await page.get_by_label("CPU").fill("100m")
    await expect(page.get_by_role("status").filter(has_text="There seems to be room")).to_be_visible()
    await page.get_by_label("Reason").fill("it is a small shop")
    await page.get_by_role("button", name=RETRY).click()
    await shows(page, "running", "attempt 2")
    assert (await reprise.instance(failed["id"]))["request"]["cpu"] == "100m"
    await expect(page.locator("#trail")).to_contain_text("it is a small shop")


async def test_what_cannot_be_is_refused_in_words_and_loses_nothing(people: People, made: Made) -> None:
    page = await people.admin()
    failed = await made.failed()
    await page.goto(address(failed))
    await changing(page)
    await page.get_by_label("CPU").fill("many")
    await page.get_by_label("Reason").fill("a try")
    await page.get_by_role("button", name=RETRY).click()
    await expect(page.get_by_role("alert").first).to_contain_text("write it like 500m")
    await expect(page.get_by_label("CPU")).to_have_value("many")
    await expect(page.get_by_label("Reason")).to_have_value("a try")


async def test_a_double_click_is_one_retry(people: People, made: Made, reprise: Installation) -> None:
    page = await people.admin()
    failed = await made.failed()
    await made.room()
    await page.goto(address(failed))
    await page.get_by_role("button", name=RETRY).dblclick()
    await shows(page, "running", "attempt 2")
    assert (await retries(reprise, failed)) == ["applied"]


async def test_pressed_again_while_the_first_time_is_under_way_it_sends_nothing(people: People, made: Made) -> None:
    page = await people.admin()
    failed = await made.failed()
    sent: list[str] = []

    async def late(route: Route) -> None:
        sent.append(route.request.url)
        await asyncio.sleep(LATE)
        await route.continue_()

    await page.route("**/retry", late)
    await page.goto(address(failed))
    button = page.locator("form[action$=retry] button.primary")
    await button.evaluate("button => { button.click(); setTimeout(() => button.click(), 500); }")
    await shows(page, "attempt 2")
    assert len(sent) == 1


async def test_the_same_form_sent_twice_is_one_retry(people: People, made: Made, reprise: Installation) -> None:
    page = await people.admin()
    failed = await made.failed()
    await page.goto(address(failed))
    form = page.locator("form[action$=retry]")
    fields: Any = {name: await form.locator(f"[name={name}]").input_value() for name in ("csrf", "key")}
    for _ in range(2):
        assert (await page.request.post(f"{address(failed)}/retry", form=fields)).ok
    assert await retries(reprise, failed) == ["applied"]


async def test_the_button_says_that_it_was_pressed_until_the_state_moves(people: People, made: Made) -> None:
    page = await people.admin()
    failed = await made.failed()
    await page.goto(address(failed))
    button = page.locator("form[action$=retry] button.primary")
    await button.evaluate("button => button.form.addEventListener('submit', event => event.preventDefault())")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await expect(button).not_to_have_text(RETRY)


async def test_in_two_tabs_at_once_it_is_retried_once(people: People, made: Made, reprise: Installation) -> None:
    first = await people.admin()
    failed = await made.failed()
    second = await first.context.new_page()
    for page in (first, second):
        await page.goto(address(failed))
    await made.room()
    await first.get_by_role("button", name=RETRY).click()
    for page in (first, second):
        await shows(page, "running", "attempt 2")
    assert (await retries(reprise, failed)) == ["applied"]


@WITHOUT_SCRIPTS
async def test_a_tab_that_is_behind_is_told_what_has_happened(
    people: People, made: Made, reprise: Installation
) -> None:
    first = await people.admin()
    failed = await made.failed()
    second = await first.context.new_page()
    for page in (first, second):
        await page.goto(address(failed))
    await first.get_by_role("button", name=RETRY).click()
    await second.get_by_role("button", name=RETRY).click()
    await expect(second.get_by_role("alert")).to_contain_text("not in ERROR status")
    assert (await retries(reprise, failed)).count("applied") == 1


async def test_the_back_button_offers_nothing_that_is_over(people: People, made: Made, reprise: Installation) -> None:
    page = await people.admin()
    failed = await made.failed()
    await made.room()
    await page.goto("/instances")
    await page.goto(address(failed))
    await page.get_by_role("button", name=RETRY).click()
    await shows(page, "running")
    await page.go_back()
    await shows(page, "running")
    await expect(page.get_by_role("button", name=RETRY)).to_have_count(0)
    assert (await retries(reprise, failed)) == ["applied"]


@WITHOUT_SCRIPTS
async def test_without_scripts_it_is_found_understood_and_retried(
    people: People, made: Made, reprise: Installation
) -> None:
    page = await people.admin()
    failed = await made.failed()
    await made.room()
    await page.get_by_role("link", name="Instances", exact=True).click()
    await page.get_by_label("Text").fill(failed["name"])
    await page.get_by_label("Cause").select_option("insufficient_resources")
    await page.get_by_role("button", name="Filter").click()
    await page.get_by_role("link", name=failed["name"]).click()
    await expect(page.get_by_role("alert", name=FAILED)).to_contain_text("Insufficient cpu")
    await page.get_by_role("button", name=RETRY).click()
    await expect(page.get_by_text("The retry is queued")).to_be_visible()
    await reprise.reaches(failed["id"], "running")
    await page.reload()
    await shows(page, "running", "completed", "attempt 2")


async def test_all_of_it_by_keyboard(people: People, made: Made) -> None:
    page = await people.admin()
    failed = await made.failed()
    await made.room()
    await page.goto(address(failed))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")

    async def reached() -> bool:
        await page.keyboard.press("Tab")
        focused = await page.get_by_role("button", name=RETRY).evaluate("button => button === document.activeElement")
        return bool(focused)

    await until(reached, what="Tab to come to the button")
    await page.keyboard.press("Enter")
    await shows(page, "running", "attempt 2")
