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


async def retries(reprise: Installation, instance: Document) -> list[str]:
    """What came of each wish to retry it."""
    return [row["outcome"] for row in await reprise.trail(instance["id"]) if row["type"] == "retry.requested"]
