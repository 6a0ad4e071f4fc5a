"""A message that no part can deal with, from the list to being sent again and dropped."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from bus.connection import connected, jetstream
from tests.browser.looking import WITHOUT_SCRIPTS
from tests.browser.people import People
from tests.support.installation import Installation


@pytest.fixture
def subject() -> str:
    """Of a wish for an instance that there never was."""
    return f"instances.{uuid4()}.retry.requested"


async def buried(reprise: Installation, subject: str) -> None:
    """Publish what cannot be read there."""
    async with connected(reprise.settings, "test") as client:
        await jetstream(client).publish(subject, b"{", headers={"ce-type": "nonsense"})


async def found(page: Page, subject: str) -> None:
    """Its row, once the lifecycle has given it up."""
    await page.goto("/dead-letters")
    for _ in range(50):
        if await page.get_by_role("row", name=subject).count():
            return
        await page.wait_for_timeout(200)
        await page.reload()
    pytest.fail(f"{subject} is not among the dead letters")


async def look(page: Page, subject: str) -> None:
    """Open it from the list."""
    await found(page, subject)
    await page.get_by_role("row", name=subject).get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Dead letter \d+"))


@pytest.mark.parametrize("how", [{}, {"java_script_enabled": False}], ids=["with scripts", "without scripts"])
async def test_listed_looked_at_sent_again_and_dropped(people: People, reprise: Installation, subject: str) -> None:
    await buried(reprise, subject)
    page = await people.admin()
    await look(page, subject)
    await expect(page.get_by_role("main")).to_contain_text("is no event type")
    await expect(page.get_by_role("main")).to_contain_text("redriven 0 times before")
    await page.get_by_label("Reason").fill("the publisher is mended")
    await page.get_by_role("button", name="Send it again").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await look(page, subject)
    await expect(page.get_by_role("main")).to_contain_text("delivered 1 time, redriven 1 time before")
    await expect(page.get_by_role("main")).to_contain_text("the publisher is mended")
    await page.get_by_label("Reason").fill("nobody needs it")
    await page.get_by_role("button", name="Drop it for good").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await page.goto("/dead-letters")
    await expect(page.get_by_role("row", name=subject)).to_have_count(0)


@WITHOUT_SCRIPTS
async def test_without_a_reason_it_stays(people: People, reprise: Installation, subject: str) -> None:
    await buried(reprise, subject)
    page = await people.admin()
    await look(page, subject)
    await page.get_by_label("Reason").evaluate("field => field.removeAttribute('required')")
    await page.get_by_role("button", name="Send it again").click()
    await expect(page.get_by_role("alert")).to_contain_text("reason")
    await found(page, subject)
