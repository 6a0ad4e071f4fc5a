"""A token says who calls, and a bad one is refused with the reason."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from api.app import create_app
from api.services import Services
from api.tokens import Role, mint_token
from schemas.errors import BadInput, BadSettings
from schemas.settings import Settings

SECRET = "s" * 32
CLAIMS: dict[str, Any] = {"sub": "alice", "role": "admin", "aud": "reprise"}


def _token(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims = CLAIMS | {"exp": datetime.now(UTC) + timedelta(hours=1)} | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm)


def _is_refused(answer: httpx.Response, reason: str) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason in answer.json()["detail"]


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that has nothing but its door."""
    transport = httpx.ASGITransport(create_app(Settings(jwt_secret=SECRET), Services()))
    async with httpx.AsyncClient(transport=transport, base_url="http://reprise") as made:
        yield made


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "A token is needed"),
        ("Basic YTpi", "A token is needed"),
        ("Bearer", "A token is needed"),
        ("Bearer nonsense", "not valid"),
        (f"Bearer {_token('x' * 32)}", "Signature"),
        (f"Bearer {_token(exp=datetime.now(UTC) - timedelta(minutes=5))}", "expired"),
        (f"Bearer {_token(exp=None)}", "exp"),
        (f"Bearer {_token(aud='another')}", "udience"),
        (f"Bearer {_token(aud=None)}", "aud"),
        (f"Bearer {_token(sub=None)}", "sub"),
        (f"Bearer {_token(sub='')}", "sub"),
        (f"Bearer {_token(sub='a' + chr(10) + 'b')}", "sub"),
        (f"Bearer {_token(role='root')}", "role"),
        (f"Bearer {_token(role=None)}", "role"),
        (f"Bearer {_token(role='customer')}", "customer_id"),
        (f"Bearer {_token(role='customer', customer_id='a b')}", "customer_id"),
        (f"Bearer {jwt.encode(CLAIMS, '', 'none')}", "not valid"),
        (f"Bearer {_token('s' * 64, 'HS512')}", "not valid"),
    ],
)
async def test_a_bad_token_is_refused_with_the_reason(client: httpx.AsyncClient, header: str, reason: str) -> None:
    _is_refused(await client.get("/metrics", headers={"Authorization": header}), reason)


async def test_clocks_may_differ_a_little(client: httpx.AsyncClient) -> None:
    late = _token(exp=datetime.now(UTC) - timedelta(seconds=10))
    early = _token(iat=datetime.now(UTC) + timedelta(seconds=10))
    for token in (late, early):
        answer = await client.get("/metrics", headers={"Authorization": f"bearer {token}"})
        assert answer.status_code == 200


def test_a_token_that_would_be_refused_is_not_made() -> None:
    settings = Settings(jwt_secret=SECRET)
    for role, subject, customer in (
        (Role.CUSTOMER, "bob", None),
        (Role.CUSTOMER, "bob", "a b"),
        (Role.ADMIN, "", None),
        (Role.ADMIN, "a\nb", None),
    ):
        with pytest.raises(BadInput):
            mint_token(settings, role, subject, customer)


def test_a_token_needs_a_secret_that_is_long_enough() -> None:
    with pytest.raises(BadSettings, match="is missing"):
        mint_token(Settings(), Role.ADMIN, "alice")
    with pytest.raises(BadSettings, match="too short"):
        mint_token(Settings(jwt_secret="short"), Role.ADMIN, "alice")
