"""Everything that is awaited or that something fails for has words, and so has a choice of instances."""

from api.waiting import _BEFORE, _WAITS
from console.words import AWAITED, CAUSES, awaited, cause, which
from schemas.codes import ErrorCode


def test_whatever_is_awaited_has_words() -> None:
    events = {wait.awaited for wait in _WAITS.values()} | set(_BEFORE.values())
    assert events <= set(AWAITED)
    assert all(not awaited(event).startswith("Waiting for " + event) for event in events)


def test_whatever_fails_has_words_for_its_cause() -> None:
    assert set(CAUSES) == set(ErrorCode)
    assert cause("others") == "others"


def test_which_instances_a_retry_of_many_is_of() -> None:
    assert which({"error_code": "timeout", "customer_id": "acme"}) == "error_code=timeout, customer_id=acme"
    assert which({"ids": ["1", "2"], "profile": "large"}) == "2 chosen by hand, profile=large"
