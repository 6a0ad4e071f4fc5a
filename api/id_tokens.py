"""Whether an ID token is what an identity provider made for this very sign-in, and what it says.

Source: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
"""

from collections.abc import Mapping
from typing import Any

import jwt

from api.auth import LEEWAY
from api.keys import ASYMMETRIC, KeySet
from schemas.errors import Unauthorized
from schemas.text import cleaned

REQUIRED = ["iss", "aud", "sub", "exp", "iat", "nonce"]


class IdTokens:
    """Those of one provider for one client."""

    def __init__(self, issuer: str, client_id: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._keys: dict[str, KeySet] = {}

    async def claims(self, id_token: str, nonce: str, jwks_uri: str) -> Mapping[str, Any]:
        """What it says. `nonce` was made up for the sign-in; `jwks_uri` is where the provider's keys are.

        Raises Unauthorized for one that is forged, expired, or made by or for another, DependencyDown without keys.
        """
        keys = self._keys.setdefault(jwks_uri, KeySet(jwks_uri))
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                await keys.key_for(id_token),
                algorithms=list(ASYMMETRIC),
                audience=self._client_id,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": REQUIRED},
            )
        except jwt.PyJWTError as error:
            raise _refused(cleaned(str(error))) from error
        if claims["nonce"] != nonce:
            raise _refused("it was made for another sign-in")
        if claims.get("azp", self._client_id) != self._client_id:
            raise _refused("it was made for another client")
        return claims


def _refused(why: str) -> Unauthorized:
    return Unauthorized(f"The identity provider's answer is not valid: {why}")
