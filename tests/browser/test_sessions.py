"""Who is signed in, as what, and for how long; and what another site or customer cannot do."""

from datetime import UTC, datetime, timedelta

import httpx
from playwright.async_api import Page, expect

from api.auth import LEEWAY
from api.tokens import Role, mint_token
from tests.browser.looking import RETRY, WITHOUT_SCRIPTS, address, retries
from tests.browser.made import Made
from tests.browser.people import People, sign_in
from tests.support.installation import Installation
from tests.support.waiting import until

LIFE = timedelta(seconds=10)


def short_lived(reprise: Installation) -> str:
    """A token that is refused in a moment."""
    issued = datetime.now(UTC) - timedelta(seconds=LEEWAY)
    return mint_token(reprise.settings, Role.ADMIN, "alice", lifetime=LIFE, now=issued)


async def refused(reprise: Installation, token: str) -> None:
    """Returns once the API takes it no longer."""
    async with httpx.AsyncClient(base_url=reprise.http.base_url) as http:

        async def is_refused() -> bool:
            answer = await http.get("/api/instances", headers={"Authorization": f"Bearer {token}"})
            return answer.status_code == 401

        await until(is_refused, 30, what="the token to have expired", pause=0.5)


async def test_whoever_is_not_signed_in_is_led_there_and_back(page: Page, people: People, made: Made) -> None:
    failed = await made.failed()
    await page.goto(address(failed))
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(page, people.admins_token)
    await expect(page.get_by_role("heading", name=failed["name"])).to_be_visible()


async def test_a_token_that_is_none_is_refused_in_words(page: Page) -> None:
    await page.goto("/sign-in")
    await sign_in(page, "nonsense")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Token")).to_be_visible()


async def test_a_session_that_expired_leads_to_the_sign_in_and_back(
    page: Page, people: People, made: Made, reprise: Installation
) -> None:
    failed = await made.failed()
    token = short_lived(reprise)
    await page.goto("/sign-in")
    await sign_in(page, token)
    await page.goto(address(failed))
    await refused(reprise, token)
    await page.goto(address(failed))
    await expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    await sign_in(page, people.admins_token)
    await expect(page.get_by_role("heading", name=failed["name"])).to_be_visible()


async def test_an_open_page_leads_there_by_itself_once_something_changes(
    page: Page, made: Made, reprise: Installation
) -> None:
    token = short_lived(reprise)
    await page.goto("/sign-in")
    await sign_in(page, token)
    await page.goto("/instances")
    await refused(reprise, token)
    await made.running()
    await expect(page.get_by_role("alert")).to_contain_text("Your session has ended")


@WITHOUT_SCRIPTS  # with them the page has led there by itself
async def test_a_retry_in_a_session_that_expired_is_asked_for_again_and_not_lost_unseen(
    page: Page, made: Made, reprise: Installation
) -> None:
    failed = await made.failed()
    token = short_lived(reprise)
    await page.goto("/sign-in")
    await sign_in(page, token)
    await page.goto(address(failed))
    await refused(reprise, token)
    await page.get_by_role("button", name=RETRY).click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await retries(reprise, failed) == []


async def test_signing_out_ends_it(people: People) -> None:
    page = await people.admin()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/instances")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(people: People) -> None:
    page = await people.admin()
    [cookie] = [each for each in await page.context.cookies() if each["name"].endswith("reprise")]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] in ("Lax", "Strict")
    assert await page.evaluate("document.cookie") == ""


async def test_a_customer_sees_its_own_only(people: People, made: Made) -> None:
    own, other = await made.running(customer_id="acme"), await made.running(customer_id="globex")
    page = await people.customer("acme")
    await page.goto("/instances")
    await expect(page.get_by_role("link", name=own["name"])).to_be_visible()
    await expect(page.get_by_role("link", name=other["name"])).to_have_count(0)
    answer = await page.goto(address(other))
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text(other["name"])


async def test_a_customer_cannot_do_anything_to_anothers(people: People, made: Made, reprise: Installation) -> None:
    own, other = await made.failed(customer_id="acme"), await made.failed(customer_id="globex")
    page = await people.customer("acme")
    await page.goto(address(own))
    form = page.locator("form[action$=retry]")
    await form.evaluate("(form, path) => form.setAttribute('action', path)", f"{address(other)}/retry")
    await page.get_by_role("button", name=RETRY).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator("main")).not_to_contain_text(other["name"])
    assert await retries(reprise, other) == []


async def test_a_form_without_the_sessions_secret_does_nothing(
    people: People, made: Made, reprise: Installation
) -> None:
    failed = await made.failed()
    page = await people.admin()
    await page.goto(address(failed))
    await page.locator("form[action$=retry] input[name=csrf]").evaluate("field => field.value = 'guessed'")
    await page.get_by_role("button", name=RETRY).click()
    await expect(page.get_by_role("alert")).to_contain_text("form")
    assert await retries(reprise, failed) == []
