"""An identity provider that holds Reprise to the protocol, and lies when a test tells it to."""

import base64
import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "reprise console", "s3cret/with+signs:and more"
"""Both must be escaped where a client proves itself (RFC 6749, section 2.3.1)."""


class Provider:
    """`person`: the claims of whoever is signed in to it. `lie`: changes the claims of the next ID tokens.

    `signs_with`: another key than the one that it lists.
    """

    def __init__(self, issuer: str) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.person: dict[str, Any] = {"sub": "alice", "groups": ["ops"]}
        self.lie: dict[str, Any] = {}
        self.signs_with: tuple[Any, str] = (self.key, "RS256")
        self.down = False
        self.metadata: dict[str, Any] = {}
        self.calls_itself(issuer)
        self.asked: dict[str, str] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._described),
                Route("/jwks", self._listed),
                Route("/authorize", self._authorized),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def calls_itself(self, issuer: str) -> None:
        """From now on."""
        self.issuer = issuer
        self.metadata = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize?tenant=1",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "end_session_endpoint": f"{issuer}/logout",
            "scopes_supported": ["openid", "email", "groups", "offline_access"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """A code for whoever is signed in to it."""
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        self.asked = asked
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return code

    def id_token(self, nonce: str) -> str:
        """What it says of the person, with the lie that it was told to tell; a claim that is None is left out."""
        now = datetime.now(UTC)
        times = {"iat": now, "exp": now + timedelta(minutes=5)}
        claims = {"iss": self.issuer, "aud": CLIENT, "nonce": nonce, **times, **self.person, **self.lie}
        key, algorithm = self.signs_with
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)

    async def _described(self, request: Request) -> Response:
        return Response(status_code=503) if self.down else JSONResponse(self.metadata)

    async def _listed(self, request: Request) -> Response:
        return JSONResponse({"keys": [json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))]})

    async def _authorized(self, request: Request) -> Response:
        asked = dict(request.query_params)
        answer = urlencode({"code": self.authorize(asked), "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{answer}")

    async def _token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        if self.down:
            return Response(status_code=502)
        asked = self._codes.pop(given["code"], None)
        if _client(request) != (CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).rstrip(b"=")
        proved = asked is not None and asked["code_challenge"] == challenge.decode()
        if asked is None or not proved or asked["redirect_uri"] != given["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant", "error_description": "no such code"}, 400)
        id_token = self.id_token(asked["nonce"])
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": id_token})


def _client(request: Request) -> tuple[str, str]:
    _, _, pair = request.headers["authorization"].partition(" ")
    name, _, secret = base64.b64decode(pair).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)
