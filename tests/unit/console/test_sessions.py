"""Sessions and sign-in links: sealed, told apart, and worth nothing to whoever has another key."""

import pytest
from cryptography.fernet import Fernet

from console.sessions import SIGN_IN_WITHIN, Sessions
from schemas.errors import BadSettings

KEY = Fernet.generate_key().decode()


def test_a_session_is_read_by_every_console_that_has_the_key() -> None:
    session, cookie = Sessions(KEY).begin("the-token", "alice", "customer", "acme")
    assert Sessions(KEY).read(cookie) == session
    assert (session.token, session.is_admin) == ("the-token", False)
    assert "the-token" not in cookie


def test_two_sessions_of_one_person_have_secrets_of_their_own() -> None:
    sessions = Sessions(KEY)
    assert sessions.begin("t", "alice", "admin", None)[0].csrf != sessions.begin("t", "alice", "admin", None)[0].csrf


@pytest.mark.parametrize(
    "cookie", [None, "", "nonsense", "é", Sessions(Fernet.generate_key().decode()).begin("t", "a", "admin", None)[1]]
)
def test_what_was_not_sealed_by_the_key_is_no_session(cookie: str | None) -> None:
    assert Sessions(KEY).read(cookie) is None


def test_a_code_is_good_once() -> None:
    sessions = Sessions(KEY)
    code = Sessions(KEY).code("the-token")
    assert sessions.redeem(code) == "the-token"
    assert sessions.redeem(code) is None


def test_a_code_is_good_for_some_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    code = Sessions(KEY).code("the-token")
    later = time.time() + SIGN_IN_WITHIN + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert Sessions(KEY).redeem(code) is None


def test_a_cookie_is_no_code_and_a_code_is_no_cookie() -> None:
    sessions = Sessions(KEY)
    assert sessions.redeem(sessions.begin("t", "alice", "admin", None)[1]) is None
    assert sessions.read(sessions.code("t")) is None


def test_a_wrong_key_is_named_with_the_remedy() -> None:
    with pytest.raises(BadSettings, match=r"REPRISE_CONSOLE_KEY.*openssl"):
        Sessions("short")
