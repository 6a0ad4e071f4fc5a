"""Signs what leaves the database (exports, checkpoints) with Ed25519, and checks such signatures without any secret."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import BadInput, BadSettings
from schemas.settings import Settings

SETTING = "REPRISE_AUDIT_SIGNING_KEY"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_PREFIX = "ed25519:"

Document = dict[str, Any]
"""What is signed: JSON without floats. `key_id` and `signature` are added to it."""


class Signer:
    """Signs by the first of its keys. Never shows one."""

    def __init__(self, keys: str) -> None:
        """`keys`: seeds (32 bytes, url-safe base64) separated by commas, newest first. Raises BadSettings."""
        named = [key.strip() for key in keys.split(",")]
        if not all(_KEY.fullmatch(key) for key in named):
            raise BadSettings(
                SETTING, "is no list of keys, separated by commas, newest first; `reprise audit key new` makes one"
            )
        self._keys = [Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(key)) for key in named]

    @classmethod
    def of(cls, settings: Settings) -> "Signer | None":
        """By the key of these settings; None where there is none. Raises BadSettings for one that is wrong."""
        keys = settings.audit_signing_key
        return cls(keys.get_secret_value()) if keys else None

    @property
    def public(self) -> tuple[str, ...]:
        """The public half of each key, as `PublicKeys` takes it, newest first."""
        return tuple(_PREFIX + base64.urlsafe_b64encode(_raw(key.public_key())).decode() for key in self._keys)

    def sign(self, purpose: str, document: Mapping[str, Any]) -> Document:
        """The document with `key_id` and `signature`, which holds for this purpose alone."""
        key = self._keys[0]
        signed = {**document, "key_id": _id(key.public_key())}
        return {**signed, "signature": base64.b64encode(key.sign(_bytes(purpose, signed))).decode()}


class PublicKeys:
    """Those whose signatures are believed."""

    def __init__(self, texts: Iterable[str]) -> None:
        """`texts`: ed25519:… as `reprise audit key public` prints them. Raises BadInput."""
        self._keys = {_id(key): key for key in map(_public, texts)}

    def check(self, purpose: str, document: Mapping[str, Any]) -> str | None:
        """Why the document's signature cannot be believed; None where it can."""
        key = self._keys.get(str(document.get("key_id")))
        if key is None:
            return f"it is signed with key {document.get('key_id')}, which is none of those given"
        signed = {name: value for name, value in document.items() if name != "signature"}
        try:
            key.verify(base64.b64decode(str(document.get("signature"))), _bytes(purpose, signed))
        except (InvalidSignature, binascii.Error):
            return "its signature is not right: it was changed after it was signed"
        return None


def new_key() -> str:
    """A private key as the setting takes it."""
    return base64.urlsafe_b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _public(text: str) -> Ed25519PublicKey:
    encoded = text.strip().removeprefix(_PREFIX)
    if not _KEY.fullmatch(encoded):
        raise BadInput("public-key", f"{text.strip()!r} is no key as `reprise audit key public` prints it")
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(encoded))


def _id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(_raw(key)).hexdigest()[:16]


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()


def _bytes(purpose: str, document: Mapping[str, Any]) -> bytes:
    return purpose.encode() + b"\n" + orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
