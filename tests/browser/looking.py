"""What one looks for in the pages, where several tests look for it."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.made import Document
from tests.support.installation import Installation

FAILED = "Provisioning Failed"
RETRY = "Retry Provisioning"
WITHOUT_SCRIPTS = pytest.mark.parametrize("how", [{"java_script_enabled": False}], ids=["without scripts"])


def address(instance: Document) -> str:
    """Of an instance's page."""
    return f"/instances/{instance['id']}"


async def shows(page: Page, *words: str) -> None:
    """The head of an instance's page has these."""
    for word in words:
        await expect(page.locator("#head")).to_contain_text(word)


async def changing(page: Page) -> None:
    """The fields that change what a retry asks for are to be seen; they are from the start where it does not fit."""
    fields = page.locator("form[action$=retry] details")
    if await fields.get_attribute("open") is None:
        await fields.locator("summary").click()


async def retries(reprise: Installation, instance: Document) -> list[str]:
    """What came of each wish to retry it."""
    return [row["outcome"] for row in await reprise.trail(instance["id"]) if row["type"] == "retry.requested"]
