"""Signing in by way of an identity provider as a browser's requests do it, and what is not believed on the way."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa

from schemas.settings import Settings
from tests.browser.beside import beside
from tests.browser.whole import started
from tests.support.provider import CLIENT, SECRET, Provider
from tests.support.proxy import served
from tests.support.up import Up
from tests.support.vouching import SETTINGS, vouching

pytestmark = pytest.mark.asyncio(loop_scope="module")
OF_THE_LIAR = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_roles": '{"ops": "admin"}'}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def up() -> AsyncIterator[Up]:
    async with started() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reprise(up: Up) -> AsyncIterator[Settings]:
    """One whose people an honest provider vouches for."""
    async with vouching() as issuer, beside(up, oidc_issuer=issuer, **SETTINGS) as found:
        yield found


class Person:
    """A browser that follows no redirect by itself."""

    def __init__(self, settings: Settings) -> None:
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=30)

    async def leaves(self, to: str = "") -> str:
        """Returns where the provider is asked."""
        answer = await self.http.get("/sign-in/provider", params={"to": to} if to else {})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def vouched(self, address: str, subject: str) -> str:
        """Returns where the provider sends the browser back."""
        answer = await self.http.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def comes_back(self, subject: str, to: str = "") -> httpx.Response:
        """All of it."""
        return await self.http.get(await self.vouched(await self.leaves(to), subject))

    @property
    def is_signed_in(self) -> bool:
        """Whether it has a session."""
        return "reprise" in self.http.cookies


@pytest_asyncio.fixture(loop_scope="module")
async def person(reprise: Settings) -> AsyncIterator[Person]:
    found = Person(reprise)
    yield found
    await found.http.aclose()


async def test_the_sign_in_page_leads_to_the_provider_and_still_takes_a_token(person: Person) -> None:
    page = (await person.http.get("/sign-in", params={"to": "/audit?type=x"})).text
    assert 'href="/sign-in/provider?to=/audit%3Ftype%3Dx">Sign in with localhost</a>' in page
    assert 'name="token"' in page


async def test_an_admin_is_back_where_it_wanted_to_go(person: Person) -> None:
    back = await person.comes_back("olivia", "/instances?status=error")
    assert back.headers["location"] == "/instances?status=error"
    assert "<span>olivia, admin</span>" in (await person.http.get("/instances")).text
    assert [cookie.name for cookie in person.http.cookies.jar] == ["reprise"], "what was kept for the sign-in is gone"


async def test_nobody_is_sent_elsewhere(person: Person) -> None:
    back = await person.comes_back("olivia", "//evil.example")
    assert back.headers["location"] == "/"


async def test_a_customer_is_that_customer(person: Person) -> None:
    await person.comes_back("carl")
    assert "<span>carl of acme, customer</span>" in (await person.http.get("/instances")).text
    assert (await person.http.get("/dead-letters")).status_code == 403


async def test_who_has_no_role_is_told_so_and_how_that_is_mended(person: Person) -> None:
    back = await person.comes_back("nora")
    assert back.status_code == 403
    assert "your claim groups is staff, which grants none" in back.text
    assert "REPRISE_OIDC_ROLES" in back.text
    assert not person.http.cookies


async def test_another_state_is_not_believed(person: Person) -> None:
    address = await person.vouched(await person.leaves(), "olivia")
    forged = httpx.URL(address).copy_set_param("state", "of-another")
    refused = await person.http.get(forged)
    assert refused.status_code == 400
    assert "begun in another browser or tab" in refused.text
    assert not person.is_signed_in


async def test_nor_is_a_browser_that_did_not_begin(person: Person, reprise: Settings) -> None:
    address = await person.vouched(await person.leaves(), "olivia")
    other = Person(reprise)
    assert (await other.http.get(address)).status_code == 400
    await other.leaves()
    assert (await other.http.get(address)).status_code == 400
    assert not other.http.cookies.get("reprise")
    await other.http.aclose()


async def test_a_code_that_comes_back_twice_signs_in_once(person: Person) -> None:
    address = await person.vouched(await person.leaves(), "olivia")
    kept = dict(person.http.cookies)
    assert (await person.http.get(address)).status_code == 303
    assert (await person.http.get(address)).status_code == 400, "what was kept for it is gone"
    person.http.cookies.clear()
    person.http.cookies.update(kept)
    refused = await person.http.get(address)
    assert refused.status_code == 401
    assert "invalid_grant" in refused.text
    assert not person.is_signed_in


async def test_who_was_not_let_in_there_is_told_why(person: Person) -> None:
    address = httpx.URL(await person.leaves())
    refusal = {"state": address.params["state"], "error": "access_denied", "error_description": "<b>not today</b>"}
    back = await person.http.get("/sign-in/callback", params=refusal)
    assert back.status_code == 401
    assert "did not sign you in: &lt;b&gt;not today" in back.text
    assert not person.http.cookies


async def test_signing_out_ends_it_here_and_then_there(person: Person) -> None:
    await person.comes_back("olivia")
    page = (await person.http.get("/instances")).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    left = await person.http.post("/sign-out", data={"csrf": csrf})
    assert not person.is_signed_in
    assert "You are signed out of Reprise" in left.text
    assert "olivia" not in left.text
    address = left.text.partition('content="0; url=')[2].partition('"')[0].replace("&amp;", "&")
    asked = parse_qs(urlsplit(address).query)
    assert asked["post_logout_redirect_uri"] == [f"{str(person.http.base_url).rstrip('/')}/sign-in"]
    assert asked["client_id"] == ["reprise"]
    assert asked["id_token_hint"][0].count(".") == 2


NOW = datetime.now(UTC)
LIES: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - timedelta(minutes=5)},
    "of another sign-in": {"nonce": "another"},
    "for another client": {"aud": "another"},
    "of another provider": {"iss": "https://evil.example"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def liar(up: Up) -> AsyncIterator[tuple[Provider, Settings]]:
    """A provider that lies when it is told to, and a Reprise that relies on it."""
    provider = Provider("http://127.0.0.1:0")
    async with served(provider.app) as issuer:
        provider.calls_itself(issuer)
        async with beside(up, oidc_issuer=issuer, **OF_THE_LIAR) as settings:
            yield provider, settings


@pytest.mark.parametrize("lie", ["the truth", *LIES, "forged"])
async def test_an_id_token_is_believed_only_if_it_is_this_providers_for_this_sign_in(
    liar: tuple[Provider, Settings], lie: str
) -> None:
    provider, settings = liar
    provider.lie = LIES.get(lie, {})
    stranger = rsa.generate_private_key(65537, 2048)
    provider.signs_with = (stranger if lie == "forged" else provider.key, "RS256")
    person = Person(settings)
    sent = await person.http.get(await person.leaves())
    back = await person.http.get(sent.headers["location"])
    assert back.status_code == (303 if lie == "the truth" else 401), back.text
    assert person.is_signed_in is (lie == "the truth")
    assert ("answer is not valid" in back.text) is (lie != "the truth")
    await person.http.aclose()


async def test_while_the_provider_is_down_the_page_tries_again_and_the_code_is_not_lost(
    liar: tuple[Provider, Settings],
) -> None:
    provider, settings = liar
    provider.lie, provider.signs_with = {}, (provider.key, "RS256")
    person = Person(settings)
    sent = await person.http.get(await person.leaves())
    provider.down = True
    waits = await person.http.get(sent.headers["location"])
    provider.down = False
    assert waits.status_code == 503
    assert "data-retry" in waits.text
    assert "identity-provider does not answer" in waits.text
    assert (await person.http.get(sent.headers["location"])).status_code == 303
    assert person.is_signed_in
    await person.http.aclose()
