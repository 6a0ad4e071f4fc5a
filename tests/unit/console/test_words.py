"""Everything that the API says is awaited has words, and so has a choice of instances."""

from api.waiting import _BEFORE, _WAITS
from console.words import AWAITED, awaited, which


def test_whatever_is_awaited_has_words() -> None:
    events = {wait.awaited for wait in _WAITS.values()} | set(_BEFORE.values())
    assert events <= set(AWAITED)
    assert all(not awaited(event).startswith("Waiting for " + event) for event in events)


def test_which_instances_a_retry_of_many_is_of() -> None:
    assert which({"error_code": "timeout", "customer_id": "acme"}) == "error_code=timeout, customer_id=acme"
    assert which({"ids": ["1", "2"], "profile": "large"}) == "2 chosen by hand, profile=large"
