"""Makes the verifier that PostgreSQL keeps of a password, so that no statement (which might be logged) has it."""

import hashlib
import hmac
import os
from base64 import b64encode

ITERATIONS = 4096
"""What PostgreSQL itself uses (its setting scram_iterations); the passwords are random, so more would gain nothing."""


def verifier(password: str, salt: bytes | None = None) -> str:
    """`SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, as in pg_authid (RFC 5802, RFC 7677).

    `password` must be ASCII, as ours are: SASLprep, which other characters need, leaves it as it is.
    """
    salt = salt if salt is not None else os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _text(value: bytes) -> str:
    return b64encode(value).decode()
