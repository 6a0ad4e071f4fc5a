"""The console under a prefix, behind a proxy that serves nothing else: whatever leaves the prefix is lost."""

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from schemas.settings import Settings
from tests.browser.beside import beside
from tests.browser.looking import RETRY, shows
from tests.browser.made import TOO_MUCH, Made
from tests.browser.pages import PAGES
from tests.browser.people import People
from tests.browser.visiting import Place
from tests.support.installation import Installation
from tests.support.names import unique
from tests.support.proxy import proxy
from tests.support.up import Up

PREFIX = "/ops/reprise"
ADDRESSES = "href", "action", "formaction", "src", "data-live", "data-load", "data-follow", "data-room"
COLLECTED = "names => names.flatMap(n => [...document.querySelectorAll(`[${n}]`)].map(e => e.getAttribute(n)))"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def prefixed(up: Up) -> AsyncIterator[Settings]:
    """API and console, told of the prefix."""
    async with beside(up, path_prefix=PREFIX) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session", params=[False, True], ids=["passed on", "taken off"])
async def place(request: pytest.FixtureRequest, prefixed: Settings) -> AsyncIterator[Place]:
    """Behind a proxy of either kind."""
    async with proxy(f"http://127.0.0.1:{prefixed.port}", PREFIX, strips=request.param) as origin:
        yield Place(origin, PREFIX)


async def test_no_address_in_any_page_leaves_it(people: People, pictured: Mapping[str, str]) -> None:
    page = await people.admin()
    for shown in PAGES:
        answer = await page.goto(PREFIX + shown.address(pictured))
        assert answer is not None
        assert answer.status == (404 if shown.name == "not-found" else 200), shown.name
        found: list[str] = await page.evaluate(COLLECTED, ADDRESSES)
        assert [each for each in found if not f"{each}/".startswith((f"{PREFIX}/", "#", "?"))] == [], shown.name


async def test_an_instance_is_made_watched_retried_and_followed(
    people: People, made: Made, place: Place, page: Page
) -> None:
    await page.goto(f"{PREFIX}/instances/new")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await people.admin()
    await page.get_by_role("link", name="New instance").click()
    name = unique()
    for label, value in (("Name", name), ("Customer", "acme"), ("CPU", TOO_MUCH["cpu"]), ("Patience", "2s")):
        await page.get_by_label(label).fill(value)
    await expect(page.locator("#room")).to_contain_text("does not fit")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    made.by_hand(page.url.rpartition("/")[2])
    await expect(page.get_by_role("heading", name="Provisioning Failed")).to_be_visible()
    await made.room()
    await page.get_by_role("button", name=RETRY).click()
    await shows(page, "running", "completed")
    await page.get_by_role("link", name="deploy.ready").first.click()
    await expect(page.get_by_role("heading", name="What followed")).to_be_visible()
    assert page.url.startswith(f"{place.origin}{PREFIX}/audit/")


async def test_the_parts_come_to_the_overview(people: People, place: Place) -> None:
    page = await people.admin()
    await page.goto(f"{place.prefix}/")
    await expect(page.locator("#parts")).to_contain_text("relay")


async def test_the_audit_log_is_followed_exported_and_proved(
    people: People, made: Made, place: Place, reprise: Installation
) -> None:
    running = await made.running()
    page = await people.admin()
    await page.goto(f"{place.prefix}/audit?instance_id={running['id']}")
    await expect(page.get_by_text("Following")).to_be_visible()
    answer = await reprise.http.post(f"/api/instances/{running['id']}/stop", json={"reason": "not used at night"})
    assert answer.status_code == 202
    await expect(page.locator("#rows")).to_contain_text("not used at night")
    await page.get_by_text("Export what these filters select").click()
    await page.get_by_label("Reason").fill("the auditor asks")
    async with page.expect_download() as rows:
        await page.get_by_role("button", name="Export").click()
    name = (await rows.value).suggested_filename
    await page.get_by_role("link", name="Proof and exports").click()
    async with page.expect_download() as manifest:
        await page.get_by_role("link", name=f"Manifest of {name}").click()
    assert (await manifest.value).suggested_filename == f"{name}.manifest.json"
    await page.get_by_role("button", name="Verify now").click()
    await expect(page.get_by_role("status").filter(has_text="all is as it was recorded")).to_be_visible()


async def test_the_session_is_of_the_prefix_alone(people: People, place: Place) -> None:
    page = await people.admin()
    await page.goto(f"{PREFIX}/instances?view=cards")
    cookies = await page.context.cookies()
    assert {each["name"]: each["path"] for each in cookies} == {"reprise": PREFIX, "view": PREFIX}
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert [each["name"] for each in await page.context.cookies()] == ["view"]


async def test_the_api_is_under_it_too(reprise: Installation, place: Place, made: Made) -> None:
    instance = await made.running()
    answer = await reprise.http.get(f"{place.origin}{PREFIX}/api/instances/{instance['id']}")
    assert answer.json()["name"] == instance["name"]
    described = (await reprise.http.get(f"{place.origin}{PREFIX}/openapi.json")).json()
    assert described["servers"] == [{"url": PREFIX}]
    assert (await reprise.http.get(f"{place.origin}/api/instances")).status_code == 404
