"""What an identity provider says of itself: where it signs in, redeems codes, lists its keys and signs out."""

import time
from collections.abc import Callable

import httpx
from pydantic import BaseModel, Field, ValidationError

from schemas.errors import DependencyDown

REFRESH = 3_600.0
PATH = "/.well-known/openid-configuration"
PROVIDER = "identity-provider"
_PATIENCE = 5.0


class Metadata(BaseModel):
    """What Reprise reads of it. Source: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata"""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    scopes_supported: list[str] = Field(default_factory=list)

    @property
    def endpoints(self) -> list[str]:
        """All that people or Reprise are sent to."""
        found = [self.authorization_endpoint, self.token_endpoint, self.jwks_uri, self.end_session_endpoint]
        return [each for each in found if each is not None]


class Discovery:
    """Asks for it, and again when it is old; what is known serves on while the provider is down."""

    def __init__(self, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._found: Metadata | None = None
        self._read_at = float("-inf")

    async def metadata(self) -> Metadata:
        """Raises DependencyDown where it cannot be known, or is another's."""
        if self._found is None or self._clock() - self._read_at > REFRESH:
            try:
                self._found = await self._read()
            except DependencyDown:
                if self._found is None:
                    raise
            self._read_at = self._clock()
        return self._found

    async def _read(self) -> Metadata:
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE) as client:
                answer = (await client.get(self._issuer.rstrip("/") + PATH)).raise_for_status()
            found = Metadata.model_validate_json(answer.content)
        except ValidationError as error:
            raise DependencyDown(PROVIDER, f"{self._issuer}{PATH} is no description of a provider") from error
        except httpx.HTTPError as error:
            raise DependencyDown(PROVIDER, f"{self._issuer}{PATH} cannot be read: {error}") from error
        return self._ours(found)

    def _ours(self, found: Metadata) -> Metadata:
        """One who describes another's sign-in, or leaves TLS, would be handed what is not theirs."""
        if found.issuer != self._issuer:
            raise DependencyDown(PROVIDER, f"REPRISE_OIDC_ISSUER is {self._issuer}, but it says it is {found.issuer}")
        plain = [each for each in found.endpoints if not each.startswith("https://")]
        if self._issuer.startswith("https://") and plain:
            raise DependencyDown(PROVIDER, f"{plain[0]} is not behind TLS")
        return found
