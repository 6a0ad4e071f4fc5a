"""Sessions and sign-in links: sealed, told apart, and worth nothing to whoever has another key."""

import time

import pytest
from cryptography.fernet import Fernet

from console.sessions import COOKIE_BYTES, SIGN_IN_WITHIN, Flow, Sessions
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


FLOW = Flow("state", "nonce", "verifier", "/instances")


def test_a_sign_in_waits_for_its_browser_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(KEY)
    sealed = sessions.keep(FLOW)
    assert sessions.kept(sealed) == FLOW
    assert sessions.read(sealed) is None
    assert sessions.redeem(sealed) is None
    assert Sessions(Fernet.generate_key().decode()).kept(sealed) is None
    late = time.time() + SIGN_IN_WITHIN + 1
    monkeypatch.setattr(time, "time", lambda: late)
    assert sessions.kept(sealed) is None


@pytest.mark.parametrize("state", ["", "States", "stat", "état"])
def test_another_state_did_not_begin_it(state: str) -> None:
    assert FLOW.began("state")
    assert not FLOW.began(state)


@pytest.mark.parametrize(("length", "is_kept"), [(1_500, True), (6_000, False)])
def test_an_id_token_that_a_cookie_cannot_hold_is_left_out(length: int, is_kept: bool) -> None:
    sessions = Sessions(KEY)
    session, cookie = sessions.begin("t" * 300, "alice", "admin", None, "https://id.example.com/logout", "i" * length)
    assert len(cookie) <= COOKIE_BYTES
    assert sessions.read(cookie) == session
    assert (session.id_token is not None) is is_kept
    assert session.sign_out == "https://id.example.com/logout"
