"""Who looks at the pages."""

from playwright.async_api import Page, expect

from api.tokens import Role, mint_token
from schemas.settings import Settings
from tests.browser.visiting import Visit


class People:
    """Signs people in, in the visit's own browser, as they would do it themselves."""

    def __init__(self, visit: Visit, settings: Settings, prefix: str = "") -> None:
        self._visit, self._settings, self._prefix = visit, settings, prefix

    @property
    def admins_token(self) -> str:
        """A new one, of somebody who may do everything."""
        return mint_token(self._settings, Role.ADMIN, "alice")

    async def admin(self) -> Page:
        """The first tab, of that person."""
        return await self._signed_in(self.admins_token)

    async def customer(self, customer_id: str) -> Page:
        """The first tab, of somebody who sees that customer's instances only."""
        return await self._signed_in(mint_token(self._settings, Role.CUSTOMER, "bob", customer_id))

    async def _signed_in(self, token: str) -> Page:
        page = self._visit.page
        await page.goto(f"{self._prefix}/sign-in")
        await sign_in(page, token)
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        return page


async def sign_in(page: Page, token: str) -> None:
    """Give the sign-in page a token."""
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Sign in").click()
