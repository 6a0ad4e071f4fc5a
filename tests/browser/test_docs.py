"""The API's documentation as a person reads it: asked for a token, and complete once it has one."""

from playwright.async_api import Page, expect

from api.tokens import Role, mint_token
from tests.browser.accessibility import assert_accessible
from tests.browser.visiting import Visit
from tests.support.installation import Installation


async def read(page: Page, token: str) -> None:
    """Open the documentation and give it a token."""
    await page.goto("/docs")
    await page.get_by_label("Token").fill(token)
    await page.keyboard.press("Enter")


async def test_whoever_has_a_token_reads_every_route(page: Page, reprise: Installation) -> None:
    await read(page, mint_token(reprise.settings, Role.CUSTOMER, "somebody", "acme"))
    await expect(page.get_by_role("heading", name="POST /api/instances", exact=True)).to_be_visible()
    await assert_accessible(page)


async def test_a_token_that_is_none_is_refused_in_words(browsing: Visit) -> None:
    await read(browsing.page, "nonsense")
    await expect(browsing.page.get_by_role("alert")).to_contain_text("token")
    await assert_accessible(browsing.page)
    await browsing.faults.forgive("status of 401")
