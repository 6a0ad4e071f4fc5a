"""Behind TLS, which a proxy ends: what a browser makes of the session's cookie."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from schemas.settings import Settings
from tests.browser.beside import beside
from tests.browser.looking import address, shows
from tests.browser.made import Made
from tests.browser.people import People
from tests.browser.visiting import Place
from tests.support.certificate import self_signed
from tests.support.installation import Installation
from tests.support.proxy import proxy
from tests.support.up import Up

TOLD = {"X-Forwarded-Proto": "https"}
pytestmark = pytest.mark.parametrize("how", [{"ignore_https_errors": True}], ids=["self-signed"])
UNDER_A_PREFIX = pytest.mark.parametrize("prefix", ["/reprise"])
BY_ANOTHER = pytest.mark.parametrize("believed", ["192.0.2.1"])
WITHOUT_A_WORD = pytest.mark.parametrize("headers", [{}], ids=["without a word"])


@pytest.fixture
def prefix() -> str:
    """What the pages stand under."""
    return ""


@pytest.fixture
def headers() -> dict[str, str]:
    """What the proxy says of TLS."""
    return TOLD


@pytest.fixture
def believed() -> str | None:
    """Whose word on TLS counts: FORWARDED_ALLOW_IPS."""
    return None


@pytest_asyncio.fixture(loop_scope="session")
async def behind(
    up: Up, reprise: Installation, prefix: str, believed: str | None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Settings]:
    """What the proxy serves."""
    if not prefix and not believed:
        yield reprise.settings
        return
    if believed:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", believed)
    async with beside(up, path_prefix=prefix) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def place(behind: Settings, prefix: str, headers: dict[str, str], tmp_path: Path) -> AsyncIterator[Place]:
    """Behind TLS."""
    upstream = f"http://127.0.0.1:{behind.port}"
    async with proxy(upstream, prefix, headers, certificate=self_signed(tmp_path)) as origin:
        yield Place(origin, prefix)


async def session(page: Page) -> dict[str, object]:
    """What the browser knows of the session's cookie, but for its content."""
    [cookie] = [each for each in await page.context.cookies() if each["name"].endswith("reprise")]
    return {name: cookie.get(name) for name in ("name", "path", "secure", "httpOnly", "sameSite")}


async def leave(page: Page) -> list[str]:
    """Sign out; the cookies that are left."""
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    return [str(each.get("name")) for each in await page.context.cookies()]


async def test_the_cookie_is_for_tls_and_this_host_alone(people: People, made: Made) -> None:
    page = await people.admin()
    kept = {"name": "__Host-reprise", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax"}
    assert await session(page) == kept
    running = await made.running()
    await page.goto(address(running))
    await shows(page, "running")
    await expect(page.get_by_text("The connection is lost")).to_be_hidden()
    assert await leave(page) == []


@UNDER_A_PREFIX
async def test_under_a_prefix_it_is_for_tls_and_the_prefix_alone(people: People) -> None:
    page = await people.admin()
    found = await session(page)
    assert (found["name"], found["path"], found["secure"]) == ("__Secure-reprise", "/reprise", True)
    assert await leave(page) == []


@WITHOUT_A_WORD
async def test_a_proxy_that_does_not_say_so_leaves_it_open(people: People) -> None:
    page = await people.admin()
    found = await session(page)
    assert (found["name"], found["secure"]) == ("reprise", False)


@BY_ANOTHER
async def test_nor_is_one_believed_that_is_not_named(people: People) -> None:
    page = await people.admin()
    found = await session(page)
    assert (found["name"], found["secure"]) == ("reprise", False)
