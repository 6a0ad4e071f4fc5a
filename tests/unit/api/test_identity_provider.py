"""Signing in by way of an identity provider: who is believed, what for, and what is said to everybody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa

from api.app import create_app
from api.identity_provider import IdentityProvider
from api.services import Backend, Services
from schemas.errors import BadSettings
from schemas.settings import Settings
from tests.support.provider import CLIENT, SECRET, Provider

ISSUER = "https://id.example.com/realm"
BACK = "https://ops.example.com/reprise/sign-in/callback"
SETTINGS: dict[str, Any] = {
    "jwt_secret": "s" * 32,
    "oidc_issuer": ISSUER,
    "oidc_client_id": CLIENT,
    "oidc_client_secret": SECRET,
    "oidc_roles": '{"ops": "admin", "customer-*": "customer:*"}',
}
NOW = datetime.now(UTC)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider behind every client that the API makes in the test."""
    made = Provider(ISSUER)
    original = httpx.AsyncClient

    def client(**options: Any) -> httpx.AsyncClient:
        return original(**{"transport": httpx.ASGITransport(made.app, root_path="/realm"), **options})

    monkeypatch.setattr("api.discovery.httpx.AsyncClient", client)
    return made


class Api:
    """The API of these settings, asked by a console that signs somebody in."""

    def __init__(self, http: httpx.AsyncClient, provider: Provider) -> None:
        self.http = http
        self.provider = provider

    async def begin(self, **body: Any) -> dict[str, Any]:
        """Returns what the console keeps, and what the provider was asked."""
        answer = await self.http.post("/api/sign-in", json={"redirect_uri": BACK, **body})
        assert answer.status_code == 200, answer.text
        begun: dict[str, Any] = answer.json()
        return begun | {"asked": dict(parse_qsl(urlsplit(begun["address"]).query))}

    async def complete(self, begun: dict[str, Any], **changes: str) -> httpx.Response:
        """After the provider has sent the browser back."""
        code = self.provider.authorize(begun["asked"])
        kept = {"nonce": begun["nonce"], "code_verifier": begun["code_verifier"], "redirect_uri": BACK, "code": code}
        return await self.http.post("/api/sign-in/token", json=kept | changes)

    async def sign_in(self) -> httpx.Response:
        """All of it."""
        return await self.complete(await self.begin())


def connected(settings: Settings) -> httpx.AsyncClient:
    """A client of an API that has nothing behind it."""
    app = create_app(settings, Services(backend=cast(Backend, object())))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reprise")


@pytest_asyncio.fixture
async def api(provider: Provider) -> AsyncIterator[Api]:
    async with connected(Settings(**SETTINGS)) as http:
        yield Api(http, provider)


async def test_whoever_the_provider_vouches_for_gets_a_token_of_a_role(api: Api) -> None:
    answer = await api.sign_in()
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["subject"], found["role"], found["customer_id"]) == ("alice", "admin", None)
    me = await api.http.get("/api/me", headers={"Authorization": f"Bearer {found['token']}"})
    assert me.json() == {"subject": "alice", "role": "admin", "customer_id": None}
    claims = jwt.decode(found["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 8 * 3600
    assert found["sign_out"] == f"{ISSUER}/logout?client_id=reprise+console"


async def test_a_customer_is_that_customer(api: Api) -> None:
    api.provider.person["groups"] = ["customer-acme", "staff"]
    found = (await api.sign_in()).json()
    assert (found["role"], found["customer_id"]) == ("customer", "acme")


async def test_the_provider_is_asked_as_the_protocol_says(api: Api) -> None:
    asked = (await api.begin())["asked"]
    assert asked["tenant"] == "1", "what its address has already stays"
    assert (asked["redirect_uri"], asked["scope"]) == (BACK, "openid email groups")
    assert "prompt" not in asked
    assert (await api.begin(again=True))["asked"]["prompt"] == "login"


async def test_no_two_sign_ins_are_alike(api: Api) -> None:
    one, other = await api.begin(), await api.begin()
    for name in ("state", "nonce", "code_verifier"):
        assert one[name] != other[name], name
        assert len(one[name]) >= 32, name


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"exp": NOW - timedelta(minutes=2)}, "expired"),
        ({"iat": NOW + timedelta(minutes=2)}, "not yet valid"),
        ({"aud": "another"}, "udience"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "another client"),
        ({"iss": "https://evil.example.com"}, "ssuer"),
        ({"iss": f"{ISSUER}/"}, "ssuer"),
        ({"nonce": "of another sign-in"}, "another sign-in"),
        *(({name: None}, f'"{name}"') for name in ("exp", "iat", "aud", "iss", "sub", "nonce")),
    ],
)
async def test_an_id_token_that_was_not_made_for_this_sign_in_is_refused(
    api: Api, lie: dict[str, Any], reason: str
) -> None:
    api.provider.lie = lie
    answer = await api.sign_in()
    assert answer.status_code == 401, answer.text
    assert reason in answer.json()["detail"]
    assert "token" not in answer.json()


@pytest.mark.parametrize(
    "signs_with",
    [
        (rsa.generate_private_key(65537, 2048), "RS256"),
        (SECRET.ljust(32), "HS256"),
        ("s" * 32, "HS256"),
        (None, "none"),
    ],
    ids=["another key", "the client's secret", "the API's secret", "nothing"],
)
async def test_a_forged_id_token_is_refused(api: Api, signs_with: Any) -> None:
    api.provider.signs_with = signs_with
    answer = await api.sign_in()
    assert answer.status_code == 401, answer.text


async def test_a_code_is_good_once(api: Api) -> None:
    begun = await api.begin()
    code = api.provider.authorize(begun["asked"])
    assert (await api.complete(begun, code=code)).status_code == 200
    again = await api.complete(begun, code=code)
    assert again.status_code == 401
    assert "refused the sign-in: (invalid_grant) no such code" in again.json()["detail"]


@pytest.mark.parametrize("name", ["code_verifier", "redirect_uri", "nonce"])
async def test_a_code_is_of_no_use_to_whoever_did_not_begin(api: Api, name: str) -> None:
    begun = await api.begin()
    assert (await api.complete(begun, **{name: "g" * 50})).status_code == 401


async def test_who_has_no_role_is_told_which_claim_said_so(api: Api) -> None:
    api.provider.person["groups"] = ["staff", "customer-a b"]
    refused = await api.sign_in()
    assert refused.status_code == 403
    api.provider.person["groups"] = ["staff"]
    refused = await api.sign_in()
    assert refused.status_code == 403
    assert refused.json()["detail"].endswith("your claim groups is staff, which grants none")


@pytest.mark.parametrize("person", [{}, {"email": "a@example.com", "email_verified": False}, {"email": 7}])
async def test_a_name_that_the_provider_does_not_vouch_for_is_nobodys(
    provider: Provider, person: dict[str, Any]
) -> None:
    provider.person |= person
    async with connected(Settings(**SETTINGS, oidc_subject_claim="email")) as http:
        refused = await Api(http, provider).sign_in()
    assert refused.status_code == 403
    assert "does not vouch for your email" in refused.json()["detail"]


async def test_the_claim_that_the_settings_name_is_who_it_was(provider: Provider) -> None:
    provider.person |= {"email": "alice@example.com", "email_verified": True}
    async with connected(Settings(**SETTINGS, oidc_subject_claim="email")) as http:
        assert (await Api(http, provider).sign_in()).json()["subject"] == "alice@example.com"


async def test_a_provider_that_is_down_is_a_dependency(api: Api) -> None:
    api.provider.down = True
    refused = await api.http.post("/api/sign-in", json={"redirect_uri": BACK})
    assert refused.status_code == 503
    assert "identity-provider does not answer" in refused.json()["detail"]
    api.provider.down = False
    begun = await api.begin()
    api.provider.down = True
    assert (await api.complete(begun)).status_code == 503


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"issuer": "https://evil.example.com"}, "it says it is https://evil.example.com"),
        ({"token_endpoint": "http://id.example.com/token"}, "is not behind TLS"),
        ({"jwks_uri": None}, "no description of a provider"),
    ],
)
async def test_a_provider_that_is_another_or_leaves_tls_is_not_used(
    api: Api, change: dict[str, Any], sentence: str
) -> None:
    api.provider.metadata |= change
    refused = await api.http.post("/api/sign-in", json={"redirect_uri": BACK})
    assert refused.status_code == 503
    assert sentence in refused.json()["detail"]


async def test_a_provider_that_ends_no_sessions_is_not_asked_to(api: Api) -> None:
    del api.provider.metadata["end_session_endpoint"]
    assert (await api.sign_in()).json()["sign_out"] is None


async def test_who_asks_is_told_whether_there_is_one(api: Api) -> None:
    assert (await api.http.get("/api/sign-in")).json() == {"provider": "id.example.com"}
    async with connected(Settings(jwt_secret="s" * 32)) as http:
        assert (await http.get("/api/sign-in")).json() == {"provider": None}
        assert (await http.post("/api/sign-in", json={"redirect_uri": BACK})).status_code == 404


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"oidc_client_id": ""}, "REPRISE_OIDC_CLIENT_ID"),
        ({"oidc_roles": ""}, "REPRISE_OIDC_ROLES"),
        ({"jwt_secret": None}, "REPRISE_JWT_SECRET"),
        ({"jwks_url": "https://id.example.com/jwks"}, "REPRISE_JWKS_URL"),
    ],
)
def test_settings_that_would_sign_nobody_in_stop_the_start(change: dict[str, Any], setting: str) -> None:
    with pytest.raises(BadSettings, match=setting):
        IdentityProvider.of(Settings(**SETTINGS | change))


def test_a_provider_is_behind_tls_or_on_this_machine() -> None:
    for issuer in ("http://localhost:9400", "http://127.0.0.1:9400", "https://id.example.com"):
        assert Settings(oidc_issuer=issuer).oidc_issuer == issuer
    with pytest.raises(ValueError, match="https://"):
        Settings(oidc_issuer="http://id.example.com")
