"""Where the keys come from that tokens are checked with: the shared secret, or an identity provider's JWKS."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import httpx
import jwt

from api.tokens import ALGORITHM, shared_secrets
from schemas.errors import BadSettings, DependencyDown, Unauthorized
from schemas.settings import Settings

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Never HS256 beside these: a public key taken for a shared secret would let anybody sign."""

REFRESH = 300.0
PAUSE = 10.0


class Keys(Protocol):
    """Finds the key for a token."""

    @property
    def algorithms(self) -> tuple[str, ...]:
        """What a token may be signed with."""

    async def key_for(self, token: str) -> Any:
        """The key that `token` must be signed with. Raises Unauthorized, or DependencyDown where it cannot be known."""


def keys_of(settings: Settings) -> Keys:
    """The keys that the settings name. Raises BadSettings where they name none."""
    if settings.jwks_url:
        return KeySet(settings.jwks_url)
    if settings.jwt_secret is None:
        raise BadSettings("REPRISE_JWT_SECRET", "is missing; set it, or REPRISE_JWKS_URL, so that callers can be known")
    return SharedSecret(shared_secrets(settings))


class SharedSecret:
    """HS256 with one secret, or with several while it is being changed."""

    algorithms = (ALGORITHM,)

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets

    async def key_for(self, token: str) -> Any:
        """The secret that signed the token; the first where none did, for the refusal."""
        return next((secret for secret in self._secrets[1:] if _signed(token, secret)), self._secrets[0])


def _signed(token: str, secret: str) -> bool:
    try:
        jwt.api_jws.decode(token, secret, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        return False
    return True


class KeySet:
    """The provider's public keys, fetched again when they are old or when a token names one that is not known.

    Known keys serve on while the provider is down; an unknown one makes it asked at most every PAUSE seconds.
    """

    algorithms = ASYMMETRIC

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: dict[str | None, Any] = {}
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._lock = asyncio.Lock()

    async def key_for(self, token: str) -> Any:
        """The public key that the token's header names."""
        kid = _key_id(token)
        async with self._lock:
            if self._is_due(kid):
                await self._refresh()
        key = self._keys.get(kid)
        if kid is None and len(self._keys) == 1:
            [key] = self._keys.values()  # a provider with one key need not name it: OpenID Connect Core, section 10.1
        if key is None:
            raise Unauthorized(f"The token is signed with the key {kid!r}, which the identity provider does not list")
        return key

    def _is_due(self, kid: str | None) -> bool:
        wanted = kid not in self._keys or self._clock() - self._fetched > REFRESH
        return wanted and self._clock() - self._tried > PAUSE

    async def _refresh(self) -> None:
        self._tried = self._clock()
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                answer = (await client.get(self._url)).raise_for_status()
            found = jwt.PyJWKSet.from_dict(answer.json())
        except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            if self._keys:
                return
            self._tried = float("-inf")
            raise DependencyDown("identity-provider", f"its keys cannot be read: {error}") from error
        self._keys = {key.key_id: key for key in found.keys}
        self._fetched = self._tried


def _key_id(token: str) -> str | None:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError as error:
        raise Unauthorized("The token cannot be read; send a JSON Web Token") from error
    return str(kid)[:200] if kid is not None else None
