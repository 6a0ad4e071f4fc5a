"""Everything that the API says is awaited has words."""

from api.waiting import _BEFORE, _WAITS
from console.words import AWAITED, awaited


def test_whatever_is_awaited_has_words() -> None:
    events = {wait.awaited for wait in _WAITS.values()} | set(_BEFORE.values())
    assert events <= set(AWAITED)
    assert all(not awaited(event).startswith("Waiting for " + event) for event in events)
