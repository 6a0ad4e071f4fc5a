"""Signs people in by way of an identity provider (OpenID Connect): its word becomes a token of Reprise's own.

The code that comes back is redeemed here and nowhere else, so no ID token of another origin is ever believed.
Source: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self
from urllib.parse import quote_plus, urlsplit

import httpx
import structlog
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from api.discovery import PROVIDER, Discovery, Metadata
from api.granting import Granting
from api.id_tokens import IdTokens
from api.tokens import mint_token
from schemas.errors import BadInput, BadSettings, DependencyDown, Forbidden, Unauthorized
from schemas.settings import Settings
from schemas.signing_in import CompleteSignIn, SignedIn, SignInBegun
from schemas.text import cleaned

SCOPES = ("openid", "profile", "email", "groups")
"""Asked for as far as the provider has them: who somebody is, and what grants a role."""
VERIFIER_LENGTH = 64
_PATIENCE = 10.0

log = structlog.get_logger("api")


class IdentityProvider:
    """The provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadSettings where they do not suffice to sign anybody in."""
        settings.required("oidc_client_id", "oidc_roles", "jwt_secret")
        if settings.jwks_url:
            raise BadSettings(
                "REPRISE_JWKS_URL", "cannot be set beside REPRISE_OIDC_ISSUER: then the API makes the tokens itself"
            )
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._granting = Granting.of(settings)
        self._discovery = Discovery(self._issuer)
        self._id_tokens = IdTokens(self._issuer, settings.oidc_client_id)

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None where none is set up. Raises BadSettings."""
        return cls(settings) if settings.oidc_issuer else None

    @property
    def host(self) -> str:
        """As people know it."""
        return urlsplit(self._issuer).hostname or self._issuer

    async def begin(self, redirect_uri: str, *, again: bool) -> SignInBegun:
        """Where to send the browser; `again`: the provider asks who it is in any case. Raises DependencyDown."""
        found = await self._discovery.metadata()
        client = WebApplicationClient(self._settings.oidc_client_id)
        verifier, state, nonce = client.create_code_verifier(VERIFIER_LENGTH), _random(), _random()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scope for scope in SCOPES if scope in ("openid", *found.scopes_supported)),
            "state": state,
            "nonce": nonce,
            "code_challenge": client.create_code_challenge(verifier, "S256"),
            "code_challenge_method": "S256",
            **({"prompt": "login"} if again else {}),
        }
        address = add_params_to_uri(found.authorization_endpoint, asked.items())
        return SignInBegun(address=address, state=state, nonce=nonce, code_verifier=verifier)

    async def complete(self, asked: CompleteSignIn) -> SignedIn:
        """A token for whoever the code vouches for.

        Raises Unauthorized where the provider refuses the code or what it answers is not to be believed, Forbidden for
        a person without a role, DependencyDown.
        """
        found = await self._discovery.metadata()
        id_token = await self._redeemed(found, asked)
        claims = await self._id_tokens.claims(id_token, asked.nonce, found.jwks_uri)
        return self._signed_in(found, id_token, claims)

    async def _redeemed(self, found: Metadata, asked: CompleteSignIn) -> str:
        client = WebApplicationClient(self._settings.oidc_client_id)
        body = client.prepare_request_body(
            code=asked.code, redirect_uri=asked.redirect_uri, code_verifier=asked.code_verifier
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **self._proof()}
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE) as http:
                answer = await http.post(found.token_endpoint, content=body, headers=headers)
            if answer.is_server_error:
                answer.raise_for_status()
            token = client.parse_request_body_response(answer.text)
        except httpx.HTTPError as error:
            raise DependencyDown(PROVIDER, f"no code can be redeemed: {error}") from error
        except (OAuth2Error, ValueError) as error:
            log.warning("sign_in.refused", error=cleaned(str(error)))
            raise Unauthorized(f"The identity provider refused the sign-in: {cleaned(str(error), 300)}") from error
        return str(token.get("id_token", ""))

    def _proof(self) -> dict[str, str]:
        """A client with a secret proves itself as every provider takes it: RFC 6749, section 2.3.1."""
        secret = self._settings.oidc_client_secret
        if secret is None:
            return {}
        pair = f"{quote_plus(self._settings.oidc_client_id)}:{quote_plus(secret.get_secret_value())}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def _signed_in(self, found: Metadata, id_token: str, claims: Mapping[str, Any]) -> SignedIn:
        subject = self._subject(claims)
        role, customer_id = self._granting.granted(claims)
        lifetime = timedelta(seconds=self._settings.oidc_session)
        try:
            token = mint_token(self._settings, role, subject, customer_id, lifetime)
        except BadInput as error:
            raise Forbidden(f"What the identity provider says of you cannot be taken: {error}") from error
        log.info("sign_in.completed", subject=subject, role=role.value, customer_id=customer_id)
        return SignedIn(
            token=token,
            subject=subject,
            role=role.value,
            customer_id=customer_id,
            id_token=id_token,
            sign_out=self._sign_out(found),
        )

    def _subject(self, claims: Mapping[str, Any]) -> str:
        """Who the audit log says it was."""
        name = self._settings.oidc_subject_claim
        found = claims.get(name)
        if not isinstance(found, str) or (name == "email" and claims.get("email_verified") is False):
            raise Forbidden(f"The identity provider does not vouch for your {name}, by which Reprise knows people")
        return found

    def _sign_out(self, found: Metadata) -> str | None:
        """Source: https://openid.net/specs/openid-connect-rpinitiated-1_0.html"""
        if found.end_session_endpoint is None:
            return None
        return add_params_to_uri(found.end_session_endpoint, [("client_id", self._settings.oidc_client_id)])


def _random() -> str:
    return secrets.token_urlsafe(24)
