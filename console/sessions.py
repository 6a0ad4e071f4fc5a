"""Who is signed in: the API's token in a sealed cookie, so that every console knows every session and keeps none."""

import json
import secrets
from dataclasses import asdict, dataclass

from cryptography.fernet import Fernet, InvalidToken

from schemas.errors import BadSettings

SIGN_IN_WITHIN = 600
"""Seconds for which a sign-in link works."""
_KINDS = {"session": b"session:", "code": b"code:"}


@dataclass(frozen=True, slots=True)
class Session:
    """One person's session. `csrf` stands in every form, so that no other site can send one."""

    token: str
    subject: str
    role: str
    customer_id: str | None
    csrf: str

    @property
    def is_admin(self) -> bool:
        """Whether it may see and touch everybody's instances."""
        return self.role == "admin"


class Sessions:
    """Seals sessions and sign-in links with one key that all consoles share."""

    def __init__(self, key: str) -> None:
        """Raises BadSettings where `key` is no Fernet key."""
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise BadSettings(
                "REPRISE_CONSOLE_KEY", "is no Fernet key; make one with `openssl rand -base64 32 | tr +/ -_`"
            ) from error
        self._redeemed: set[str] = set()

    def begin(self, token: str, subject: str, role: str, customer_id: str | None) -> tuple[Session, str]:
        """A new session, and the cookie that holds it."""
        session = Session(token, subject, role, customer_id, secrets.token_urlsafe(24))
        return session, self._seal("session", json.dumps(asdict(session)))

    def read(self, cookie: str | None) -> Session | None:
        """The session in a cookie; None where there is none, or it was sealed by another key."""
        found = self._open("session", cookie or "", None)
        return Session(**json.loads(found)) if found is not None else None

    def code(self, token: str) -> str:
        """What a sign-in link ends with: it signs in whoever opens it first, within SIGN_IN_WITHIN seconds."""
        return self._seal("code", token)

    def redeem(self, code: str) -> str | None:
        """The token behind a code, once: this process gives it to nobody else. None: too late, or no code of ours."""
        if code in self._redeemed:
            return None
        token = self._open("code", code, SIGN_IN_WITHIN)
        if token is not None:
            self._redeemed.add(code)
        return token

    def _seal(self, kind: str, text: str) -> str:
        return self._fernet.encrypt(_KINDS[kind] + text.encode()).decode()

    def _open(self, kind: str, sealed: str, within: int | None) -> str | None:
        try:
            content = self._fernet.decrypt(sealed.encode(), ttl=within)
        except (InvalidToken, UnicodeEncodeError):
            return None
        prefix = _KINDS[kind]
        return content.removeprefix(prefix).decode() if content.startswith(prefix) else None
