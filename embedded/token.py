"""The token that `reprise up` leaves for the command line on the same machine."""

from datetime import UTC, datetime, timedelta

import jwt

LIFETIME = timedelta(days=365)  # a new one is written at each start; its key lies in the same private directory


def admin_token(secret: str, audience: str) -> str:
    """A JSON Web Token of role admin, signed with the shared secret (HS256)."""
    issued = datetime.now(UTC)
    claims = {"sub": "reprise-up", "role": "admin", "aud": audience, "iat": issued, "exp": issued + LIFETIME}
    return jwt.encode(claims, secret, algorithm="HS256")
