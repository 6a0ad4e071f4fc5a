"""Signing in by way of an identity provider, which is another site; and out again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from api.tokens import Role, mint_token
from schemas.settings import Settings
from tests.browser.accessibility import assert_accessible
from tests.browser.beside import beside
from tests.browser.looking import RETRY, address, shows
from tests.browser.made import Made
from tests.browser.visiting import PHONE, Place
from tests.support.certificate import self_signed
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.running import running
from tests.support.up import Up
from tests.support.vouching import SETTINGS, provider, vouching

SIGN_IN = "Sign in with localhost"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def issuer() -> AsyncIterator[str]:
    """An identity provider."""
    async with vouching() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trusting(up: Up, issuer: str) -> AsyncIterator[Settings]:
    """API and console that rely on it."""
    async with beside(up, oidc_issuer=issuer, **SETTINGS) as found:
        yield found


@pytest.fixture
def place(trusting: Settings, issuer: str) -> Place:
    """Theirs."""
    return Place(f"http://127.0.0.1:{trusting.port}", elsewhere=issuer)


async def sign_in(page: Page, person: str) -> None:
    """From the sign-in page by way of the provider, and back."""
    await page.get_by_role("link", name=SIGN_IN).click()
    await page.get_by_role("button", name=person, exact=True).first.click()


async def signed_in_as(page: Page, words: str) -> None:
    """The head of the page says so."""
    await expect(page.locator(".who")).to_contain_text(words)


@pytest.mark.parametrize("how", [{}, {"java_script_enabled": False}], ids=["with scripts", "without scripts"])
async def test_an_admin_is_led_to_what_it_wanted_and_may_do_it(page: Page, made: Made) -> None:
    failed = await made.failed()
    await page.goto(address(failed))
    await sign_in(page, "olivia")
    await expect(page.get_by_role("heading", name=failed["name"])).to_be_visible()
    await signed_in_as(page, "olivia, admin")
    await made.room()
    await page.get_by_role("button", name=RETRY).click()
    await expect(page.get_by_role("status").first).to_be_attached()
    await expect(page.locator("main")).to_contain_text("The retry is queued")


async def test_the_audit_log_knows_who_it_was(page: Page, made: Made) -> None:
    running_one = await made.running()
    await page.goto(address(running_one))
    await sign_in(page, "olivia")
    await page.get_by_role("button", name="Stop").click()
    await shows(page, "stopped")
    await expect(page.locator("main")).to_contain_text("console:olivia")


async def test_a_customer_sees_its_own_only(page: Page, made: Made) -> None:
    own, other = await made.running(customer_id="acme"), await made.running(customer_id="globex")
    await page.goto("/instances")
    await sign_in(page, "carl")
    await signed_in_as(page, "carl of acme, customer")
    await expect(page.get_by_role("link", name=own["name"])).to_be_visible()
    await expect(page.get_by_role("link", name=other["name"])).to_have_count(0)
    answer = await page.goto(address(other))
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize("how", [{}, {"viewport": PHONE, "is_mobile": True}], ids=["large", "phone"])
async def test_who_has_no_role_is_told_so_and_may_be_somebody_else(page: Page) -> None:
    await page.goto("/sign-in")
    await assert_accessible(page)
    await sign_in(page, "nora")
    await expect(page.get_by_role("heading", name="You have no role here")).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text("your claim groups is staff")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await assert_accessible(page)
    await page.get_by_role("link", name="Sign in as somebody else").click()
    assert "prompt=login" in page.url
    await page.get_by_role("button", name="olivia", exact=True).first.click()
    await signed_in_as(page, "olivia, admin")


async def test_who_turns_back_there_is_not_signed_in_and_may_begin_again(page: Page) -> None:
    await page.goto("/sign-in")
    await page.get_by_role("link", name=SIGN_IN).click()
    await page.goto("/sign-in/callback?error=access_denied&state=guessed")
    await expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    await assert_accessible(page)
    await page.get_by_role("link", name="Begin again").click()
    await page.get_by_role("button", name="olivia", exact=True).first.click()
    await signed_in_as(page, "olivia, admin")


@pytest.mark.parametrize("how", [{}, {"java_script_enabled": False}], ids=["with scripts", "without scripts"])
async def test_signing_out_ends_the_session_here_and_there(page: Page, issuer: str) -> None:
    await page.goto("/sign-in")
    await sign_in(page, "olivia")
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{issuer}/oauth2/end_session**")
    assert "id_token_hint=" in page.url
    await page.get_by_role("button").first.click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await page.context.cookies(str(page.url)) == []
    await page.goto("/instances")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_token_signs_in_as_ever(page: Page, trusting: Settings) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("Token").fill(mint_token(trusting, Role.ADMIN, "alice"))
    await page.get_by_role("button", name="Sign in").click()
    await signed_in_as(page, "alice, admin")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


class TestDown:
    """The provider is down, and comes."""

    @pytest.fixture
    def port(self) -> int:
        """Where it is to be."""
        return free_port()

    @pytest_asyncio.fixture(loop_scope="session")
    async def place(self, up: Up, port: int) -> AsyncIterator[Place]:
        """Those who rely on it."""
        issuer = f"http://localhost:{port}"
        async with beside(up, oidc_issuer=issuer, **SETTINGS) as found:
            yield Place(f"http://127.0.0.1:{found.port}", elsewhere=issuer)

    async def test_the_page_says_so_and_goes_on_by_itself(self, page: Page, port: int) -> None:
        await page.goto("/sign-in")
        await page.get_by_role("link", name=SIGN_IN).click()
        await expect(page.get_by_role("alert")).to_contain_text("identity-provider does not answer")
        await assert_accessible(page)
        async with running(provider(port)):
            await page.get_by_role("button", name="olivia", exact=True).first.click()
            await signed_in_as(page, "olivia, admin")


@pytest.mark.parametrize("how", [{"ignore_https_errors": True}], ids=["self-signed"])
class TestBehind:
    """Under a prefix, behind TLS."""

    @pytest_asyncio.fixture(loop_scope="session")
    async def place(self, up: Up, issuer: str, tmp_path: Path) -> AsyncIterator[Place]:
        """What the proxy serves."""
        async with beside(up, oidc_issuer=issuer, path_prefix="/reprise", **SETTINGS) as found:
            upstream, told = f"http://127.0.0.1:{found.port}", {"X-Forwarded-Proto": "https"}
            async with proxy(upstream, "/reprise", told, certificate=self_signed(tmp_path)) as origin:
                yield Place(origin, "/reprise", issuer)

    async def test_it_comes_back_to_where_the_browser_is(self, page: Page, place: Place, issuer: str) -> None:
        await page.goto("/reprise/instances")
        await sign_in(page, "olivia")
        await signed_in_as(page, "olivia, admin")
        assert page.url == f"{place.origin}/reprise/instances"
        [cookie] = await page.context.cookies(page.url)
        assert (cookie.get("name"), cookie.get("path")) == ("__Secure-reprise", "/reprise")
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{issuer}/oauth2/end_session**")
        await page.get_by_role("button").first.click()
        await expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        assert page.url == f"{place.origin}/reprise/sign-in"
