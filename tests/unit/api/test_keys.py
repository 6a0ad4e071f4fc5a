"""Tokens of an identity provider: checked with its public keys, which are kept while it is down."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.datastructures import Headers

from api.auth import Authenticator
from api.keys import PAUSE, REFRESH, KeySet, SharedSecret, keys_of
from api.tokens import Role, mint_token
from schemas.errors import BadSettings, DependencyDown, Unauthorized
from schemas.settings import Settings

URL = "https://id.example.com/jwks"


class Provider:
    """An identity provider: its keys, whether it answers, how often it was asked."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.down = False
        self.asked = 0
        self.now = 0.0

    def add(self, kid: str) -> rsa.RSAPrivateKey:
        """A new key; answers its private half."""
        private = rsa.generate_private_key(65537, 2048)
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
        self.keys[kid] = public | {"kid": kid, "use": "sig", "alg": "RS256"}
        return private

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The key set, unless it is down."""
        self.asked += 1
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json={"keys": list(self.keys.values())})


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider behind every client that is made in the test."""
    made = Provider()
    original = httpx.AsyncClient

    def client(**options: Any) -> httpx.AsyncClient:
        return original(transport=httpx.MockTransport(made.answer), **options)

    monkeypatch.setattr("api.keys.httpx.AsyncClient", client)
    return made


@pytest.fixture
def ask(provider: Provider) -> Callable[[str], Any]:
    """Who a token's caller is."""
    authenticator = Authenticator(KeySet(URL, clock=lambda: provider.now), "reprise")

    async def asked(token: str) -> Any:
        return await authenticator.caller(Headers({"authorization": f"Bearer {token}"}))

    return asked


def _token(private: Any, kid: str | None, algorithm: str = "RS256") -> str:
    claims = {"sub": "alice", "role": "customer", "customer_id": "acme", "aud": "reprise"}
    exp = datetime.now(UTC) + timedelta(hours=1)
    return jwt.encode({**claims, "exp": exp}, private, algorithm, headers={"kid": kid} if kid else None)


async def test_a_token_of_the_provider_is_taken(provider: Provider, ask: Callable[[str], Any]) -> None:
    private = provider.add("one")
    caller = await ask(_token(private, "one"))
    assert (caller.subject, caller.role, caller.customer_id) == ("alice", Role.CUSTOMER, "acme")
    await ask(_token(private, "one"))
    assert provider.asked == 1


async def test_a_new_key_is_found_and_an_unknown_one_asked_for_seldom(
    provider: Provider, ask: Callable[[str], Any]
) -> None:
    await ask(_token(provider.add("one"), "one"))
    stranger = rsa.generate_private_key(65537, 2048)
    for _ in range(3):
        with pytest.raises(Unauthorized, match="does not list"):
            await ask(_token(stranger, "two"))
    assert provider.asked == 1, "just asked: not again at once"
    private = provider.add("two")
    provider.now += PAUSE + 1
    assert (await ask(_token(private, "two"))).subject == "alice"
    assert provider.asked == 2


async def test_known_keys_serve_on_while_the_provider_is_down(provider: Provider, ask: Callable[[str], Any]) -> None:
    private = provider.add("one")
    await ask(_token(private, "one"))
    provider.down = True
    provider.now += REFRESH + 1
    assert (await ask(_token(private, "one"))).subject == "alice"
    assert provider.asked == 2


async def test_without_any_key_a_provider_that_is_down_is_a_dependency(
    provider: Provider, ask: Callable[[str], Any]
) -> None:
    private = provider.add("one")
    provider.down = True
    with pytest.raises(DependencyDown, match="identity-provider"):
        await ask(_token(private, "one"))


async def test_a_revoked_key_is_forgotten(provider: Provider, ask: Callable[[str], Any]) -> None:
    private = provider.add("one")
    await ask(_token(private, "one"))
    del provider.keys["one"]
    provider.add("two")
    provider.now += REFRESH + 1
    with pytest.raises(Unauthorized, match="does not list"):
        await ask(_token(private, "one"))


async def test_another_algorithm_than_the_keys_is_refused(provider: Provider, ask: Callable[[str], Any]) -> None:
    provider.add("one")
    with pytest.raises(Unauthorized, match="not valid"):
        await ask(_token("x" * 32, "one", "HS256"))
    with pytest.raises(Unauthorized, match="not valid"):
        await ask(_token(ec.generate_private_key(ec.SECP256R1()), "one", "ES256"))


async def test_a_token_without_a_key_id_is_of_the_only_key_there_is(
    provider: Provider, ask: Callable[[str], Any]
) -> None:
    private = provider.add("one")
    assert (await ask(_token(private, None))).subject == "alice"
    with pytest.raises(Unauthorized, match="not valid"):
        await ask(_token(rsa.generate_private_key(65537, 2048), None))


async def test_a_token_without_a_key_id_is_refused_where_there_are_several(
    provider: Provider, ask: Callable[[str], Any]
) -> None:
    private = provider.add("one")
    provider.add("two")
    with pytest.raises(Unauthorized, match="does not list"):
        await ask(_token(private, None))
    with pytest.raises(Unauthorized, match="cannot be read"):
        await ask("nonsense")


def test_the_settings_name_the_keys() -> None:
    assert isinstance(keys_of(Settings(jwks_url=URL)), KeySet)
    assert isinstance(keys_of(Settings(jwt_secret="s" * 32)), SharedSecret)
    with pytest.raises(BadSettings, match="REPRISE_JWT_SECRET"):
        keys_of(Settings())


OLD, NEW = "o" * 32, "n" * 32


@pytest.mark.parametrize("secrets", [f"{OLD},{NEW}", f"{NEW}, {OLD}"])
async def test_while_the_secret_is_changed_tokens_of_both_are_known(secrets: str) -> None:
    keys = keys_of(Settings(jwt_secret=secrets))
    for secret in (OLD, NEW):
        token = mint_token(Settings(jwt_secret=secret), Role.ADMIN, "alice")
        assert await keys.key_for(token) == secret


async def test_a_token_of_a_secret_that_was_dropped_is_not_known() -> None:
    token = mint_token(Settings(jwt_secret=f"{OLD},{NEW}"), Role.ADMIN, "alice")
    assert await keys_of(Settings(jwt_secret=NEW)).key_for(token) == NEW  # which has not signed it


def test_each_secret_must_be_long() -> None:
    with pytest.raises(BadSettings, match="too short"):
        keys_of(Settings(jwt_secret=f"{OLD},short"))
