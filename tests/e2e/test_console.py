"""The console as a browser's requests reach it: who is let in, which forms are taken, and what strangers learn."""

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest
import pytest_asyncio

from api.tokens import Role, mint_token
from console.sessions import Sessions
from tests.browser.whole import whole
from tests.support.installation import Installation
from tests.support.waiting import until


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reprise() -> AsyncIterator[Installation]:
    async with whole(REPRISE_FAILURE_GRACE="2") as found:
        yield found


class Browser:
    """One person's browser, without JavaScript."""

    def __init__(self, reprise: Installation) -> None:
        self.settings = reprise.settings
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{reprise.settings.port}", follow_redirects=True)

    async def sign_in(self, role: Role, customer: str | None = None, to: str = "") -> httpx.Response:
        token = mint_token(self.settings, role, "somebody", customer)
        return await self.http.post("/sign-in", data={"token": token, "to": to})

    async def fields(self, path: str) -> dict[str, str]:
        """What the forms of a page carry hidden."""
        page = (await self.http.get(path)).text
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
        return {name: unescape(value) for name, value in found if name in ("csrf", "key")}


@pytest_asyncio.fixture(loop_scope="module")
async def browser(reprise: Installation) -> AsyncIterator[Browser]:
    found = Browser(reprise)
    yield found
    await found.http.aclose()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_is_not_signed_in_is_sent_there_and_back(browser: Browser) -> None:
    asked = await browser.http.get("/instances?status=error")
    assert (asked.url.path, asked.url.params["to"]) == ("/sign-in", "/instances?status=error")
    entered = await browser.sign_in(Role.ADMIN, to=asked.url.params["to"])
    assert str(entered.url).endswith("/instances?status=error")


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_nobody_is_sent_elsewhere(browser: Browser, elsewhere: str) -> None:
    entered = await browser.sign_in(Role.ADMIN, to=elsewhere)
    assert (entered.url.host, entered.url.path) == ("127.0.0.1", "/")


async def test_a_token_that_is_not_valid_is_refused_with_the_reason(browser: Browser) -> None:
    refused = await browser.http.post("/sign-in", data={"token": "nonsense"})
    assert refused.status_code == 401
    assert "The token is not valid" in refused.text
    assert not browser.http.cookies


async def test_another_site_signs_nobody_in(browser: Browser, reprise: Installation) -> None:
    token = mint_token(reprise.settings, Role.ADMIN, "somebody")
    refused = await browser.http.post("/sign-in", data={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert not browser.http.cookies


async def test_a_link_signs_in_once(browser: Browser, reprise: Installation) -> None:
    key = reprise.settings.console_key
    assert key is not None
    link = "/sign-in/" + Sessions(key.get_secret_value()).code(mint_token(reprise.settings, Role.ADMIN, "somebody"))
    assert (await browser.http.get(link)).url.path == "/"
    browser.http.cookies.clear()
    assert (await browser.http.get(link)).status_code == 401
    assert not browser.http.cookies


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    browser.http.follow_redirects = False
    cookie = (await browser.sign_in(Role.ADMIN)).headers["set-cookie"]
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}


async def test_behind_tls_the_cookie_is_for_this_very_host_and_is_forgotten_as_it_was_set(browser: Browser) -> None:
    browser.http.headers["X-Forwarded-Proto"] = "https"
    browser.http.follow_redirects = False
    entered = (await browser.sign_in(Role.ADMIN)).headers["set-cookie"]
    assert entered.startswith("__Host-reprise=")
    assert "Secure" in entered
    name, _, sealed = entered.partition(";")[0].partition("=")
    sent = {"Cookie": f"{name}={sealed}"}
    csrf = re.findall(r'name="csrf" value="([^"]*)"', (await browser.http.get("/instances/new", headers=sent)).text)[0]
    left = (await browser.http.post("/sign-out", data={"csrf": csrf}, headers=sent)).headers["set-cookie"]
    assert left.startswith('__Host-reprise=""')
    assert {"Secure", "Path=/", "Max-Age=0"} <= {part.strip() for part in left.split(";")}


async def test_style_and_script_are_kept_and_what_is_said_of_a_person_is_not(browser: Browser) -> None:
    await browser.sign_in(Role.ADMIN)
    page = (await browser.http.get("/instances")).text
    [style] = re.findall(r'href="(/static/console\.css[^"]*)"', page)
    assert "immutable" in (await browser.http.get(style)).headers["cache-control"]
    for path in ("/instances", "/static/nothing.css"):
        assert (await browser.http.get(path)).headers["cache-control"] == "no-store", path


async def test_a_form_without_the_sessions_secret_does_nothing(browser: Browser, reprise: Installation) -> None:
    await browser.sign_in(Role.ADMIN)
    wanted = {"name": "forged", "customer_id": "acme"}
    assert (await browser.http.post("/instances", data=wanted)).status_code == 403
    right = await browser.fields("/instances/new")
    from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.http.post("/instances", data=wanted | right, headers=from_elsewhere)).status_code == 403
    found = (await reprise.http.get("/api/instances", params={"q": "forged"})).json()["items"]
    assert found == []


async def test_one_form_makes_one_instance_however_often_it_is_sent(browser: Browser, reprise: Installation) -> None:
    await browser.sign_in(Role.ADMIN)
    form = {"name": "once", "customer_id": "acme", "cpu": "50m", "memory": "64Mi"} | await browser.fields(
        "/instances/new"
    )
    first = await browser.http.post("/instances", data=form)
    second = await browser.http.post("/instances", data=form)
    assert first.status_code == second.status_code == 200
    assert first.url == second.url
    other = await browser.http.post("/instances", data=form | await browser.fields("/instances/new"))
    assert other.status_code == 409
    assert "exists already" in other.text


async def test_what_cannot_be_is_said_beside_its_field_and_nothing_typed_is_lost(browser: Browser) -> None:
    await browser.sign_in(Role.CUSTOMER, "acme")
    form = {"name": "shop", "cpu": "lots", "memory": "3Gi"} | await browser.fields("/instances/new")
    refused = await browser.http.post("/instances", data=form)
    assert refused.status_code == 400
    assert re.search(r'id="cpu-said" class="hint bad">[^<]+', refused.text)
    assert 'value="lots"' in refused.text
    assert 'value="3Gi"' in refused.text


async def test_a_customer_learns_nothing_of_anothers_instance(browser: Browser, reprise: Installation) -> None:
    instance_id = await reprise.create("secret-shop", customer_id="acme")
    await browser.sign_in(Role.CUSTOMER, "globex")
    looked = await browser.http.get(f"/instances/{instance_id}")
    unknown = await browser.http.get(f"/instances/{instance_id[:-4]}ffff")
    assert looked.status_code == unknown.status_code == 404
    assert "secret-shop" not in looked.text
    assert "secret-shop" not in (await browser.http.get("/instances")).text
    form = await browser.fields("/instances/new")
    assert (await browser.http.post(f"/instances/{instance_id}/stop", data=form)).status_code == 404
    await reprise.has_running(1)


async def test_deleting_asks_for_the_name(browser: Browser, reprise: Installation) -> None:
    instance_id = await reprise.create("precious")
    await browser.sign_in(Role.ADMIN)
    form = await browser.fields(f"/instances/{instance_id}")
    refused = await browser.http.post(f"/instances/{instance_id}/delete", data=form | {"confirm": "preciuos"})
    assert (refused.status_code, "type precious to confirm" in refused.text) == (400, True)
    assert (await reprise.instance(instance_id))["status"] not in ("trashed", "deleting", "deleted")
    assert (await browser.http.post(f"/instances/{instance_id}/delete", data=form | {"confirm": "precious"})).is_success
    assert (await reprise.instance(instance_id))["status"] in ("trashed", "deleting", "deleted")


async def test_every_page_forbids_what_it_does_not_need(browser: Browser) -> None:
    await browser.sign_in(Role.ADMIN)
    for path in ("/instances", "/instances/new", "/sign-in", "/nothing", "/static/console.js"):
        policy = (await browser.http.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path


async def test_an_address_that_leads_nowhere_says_so(browser: Browser) -> None:
    answer = await browser.http.get("/nothing")
    assert answer.status_code == 404
    assert "leads nowhere" in answer.text


async def test_the_audit_log_is_found_by_its_filters_and_each_row_tells_its_story(
    browser: Browser, reprise: Installation
) -> None:
    instance_id = await reprise.create("told")
    await reprise.has_running(1)
    await browser.sign_in(Role.CUSTOMER, "acme")
    listed = (await browser.http.get("/audit", params={"instance_id": instance_id, "type": "provision.requested"})).text
    [link] = re.findall(r'href="(/audit/[0-9a-f-]{36})"', listed)
    story = (await browser.http.get(link)).text
    assert "none → pending" in story
    assert "database.allocated" not in listed.split("</form>")[-1]
    stranger = await browser.sign_in(Role.CUSTOMER, "globex")
    assert stranger.is_success
    assert (await browser.http.get(link)).status_code == 404
    assert (
        instance_id[:8]
        not in (await browser.http.get("/audit", params={"instance_id": instance_id})).text.split("</form>")[-1]
    )


async def test_a_filter_that_cannot_be_is_said_beside_its_field(browser: Browser) -> None:
    await browser.sign_in(Role.ADMIN)
    refused = await browser.http.get("/audit", params={"since": "yesterday"})
    assert refused.status_code == 400
    assert re.search(r'id="since-said" class="hint bad">[^<]+ write it like', refused.text)


async def test_many_are_retried_by_the_count_that_was_seen_and_for_a_reason(
    browser: Browser, reprise: Installation
) -> None:
    ids = [await reprise.create(f"many-{each}", cpu="50m", image="missing:1", customer_id="many") for each in range(3)]

    async def failed() -> bool:
        return {(await reprise.instance(each))["state"] for each in ids} == {"error"}

    await until(failed, 120, what="all to fail", pause=0.3)
    await browser.sign_in(Role.CUSTOMER, "many")
    plan = (await browser.http.get("/retries", params={"error_code": "image_pull"})).text
    assert "3 failed instances fit" in plan
    form = {"error_code": "image_pull", "reason": "the registry is back", "expected": "2"}
    hidden = await browser.fields("/retries?error_code=image_pull")
    refused = await browser.http.post("/retries", data=form | hidden)
    assert "3 failed instances fit" in refused.text
    assert refused.status_code == 400
    begun = await browser.http.post("/retries", data=form | hidden | {"expected": "3", "key": "another"})
    assert re.search(r"/retries/[0-9a-f-]{36}$", begun.url.path)

    async def stopped() -> bool:
        return "stopped" in (await browser.http.get(begun.url.path)).text

    await until(stopped, 120, what="the first to fail again, which stops it", pause=0.3)
    [row] = (await reprise.http.get("/api/retries")).json()["items"]
    assert (row["state"], row["failed"], row["waiting"], row["reason"]) == ("stopped", 1, 2, "the registry is back")


async def test_the_overview_tells_admins_how_the_installation_is_and_customers_what_is_theirs(browser: Browser) -> None:
    await browser.sign_in(Role.ADMIN)
    admins = (await browser.http.get("/")).text
    assert re.search(r"<dt>postgresql</dt><dd[^>]*>ok</dd>", (await browser.http.get("/parts")).text)
    assert "<dt>brake</dt><dd>off</dd>" in admins
    await browser.sign_in(Role.CUSTOMER, "nobody-yet")
    theirs = (await browser.http.get("/")).text
    assert "all <b>0</b>" in theirs
    assert "Health" not in theirs
    assert ("/dead-letters" in admins, "/dead-letters" in theirs) == (True, False)
    assert (await browser.http.get("/parts")).status_code == 403
    assert (await browser.http.get("/dead-letters")).status_code == 403
