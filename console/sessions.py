"""Who is signed in: the API's token in a sealed cookie, so that every console knows every session and keeps none."""

import hmac
import json
import secrets
from dataclasses import asdict, dataclass

from cryptography.fernet import Fernet, InvalidToken

from schemas.errors import BadSettings

SIGN_IN_WITHIN = 600
"""Seconds for which a sign-in link works."""
COOKIE_BYTES = 3_900
"""A browser keeps no cookie that is longer than 4096 bytes with its name."""
_KINDS = {"session": b"session:", "code": b"code:", "flow": b"flow:"}


@dataclass(frozen=True, slots=True)
class Session:
    """One person's session. `csrf` stands in every form, so that no other site can send one.

    `sign_out` is where the identity provider ends its own session, which `id_token` proves to be this person's; both
    None where a token signed in, the second also where it is too long for a cookie.
    """

    token: str
    subject: str
    role: str
    customer_id: str | None
    csrf: str
    sign_out: str | None = None
    id_token: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether it may see and touch everybody's instances."""
        return self.role == "admin"


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that waits for the browser to come back from the identity provider; `to` is where it goes then."""

    state: str
    nonce: str
    code_verifier: str
    to: str

    def began(self, state: str) -> bool:
        """Whether what came back belongs to it."""
        return hmac.compare_digest(self.state.encode(), state.encode())


class Sessions:
    """Seals sessions, sign-ins under way and sign-in links with one key that all consoles share."""

    def __init__(self, key: str) -> None:
        """Raises BadSettings where `key` is no Fernet key."""
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise BadSettings(
                "REPRISE_CONSOLE_KEY", "is no Fernet key; make one with `openssl rand -base64 32 | tr +/ -_`"
            ) from error
        self._redeemed: set[str] = set()

    def begin(
        self,
        token: str,
        subject: str,
        role: str,
        customer_id: str | None,
        sign_out: str | None = None,
        id_token: str | None = None,
    ) -> tuple[Session, str]:
        """A new session, and the cookie that holds it."""
        session = Session(token, subject, role, customer_id, secrets.token_urlsafe(24), sign_out, id_token)
        cookie = self._seal("session", json.dumps(asdict(session)))
        if id_token is not None and len(cookie) > COOKIE_BYTES:
            return self.begin(token, subject, role, customer_id, sign_out)
        return session, cookie

    def read(self, cookie: str | None) -> Session | None:
        """The session in a cookie; None where there is none, or it was sealed by another key."""
        found = self._open("session", cookie or "", None)
        return Session(**json.loads(found)) if found is not None else None

    def keep(self, flow: Flow) -> str:
        """The cookie that holds a sign-in under way, for SIGN_IN_WITHIN seconds."""
        return self._seal("flow", json.dumps(asdict(flow)))

    def kept(self, cookie: str | None) -> Flow | None:
        """The sign-in in a cookie; None where there is none, or it was begun too long ago."""
        found = self._open("flow", cookie or "", SIGN_IN_WITHIN)
        return Flow(**json.loads(found)) if found is not None else None

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
