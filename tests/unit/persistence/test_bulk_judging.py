"""When a bulk retry goes on and when it stops by itself."""

import pytest

from persistence.bulk_judging import Tally, judged


def counted(**known: int) -> Tally:
    names = ("waiting", "under_way", "verified", "failed", "skipped", "same_error")
    counts = {name: known.get(name, 0) for name in names}
    return Tally(total=sum(counts.values()) - counts["same_error"], **counts)


@pytest.mark.parametrize(
    ("state", "known", "after"),
    [
        ("canary", {"waiting": 9, "under_way": 1}, "canary"),
        ("canary", {"waiting": 9, "verified": 1}, "following"),
        ("canary", {"waiting": 9, "failed": 1}, "stopped"),
        ("canary", {"waiting": 9, "skipped": 1}, "canary"),
        ("canary", {"verified": 1}, "completed"),
        ("canary", {"skipped": 2}, "completed"),
        ("following", {"waiting": 5, "verified": 3, "failed": 1, "same_error": 1}, "following"),
        ("following", {"waiting": 5, "verified": 2, "failed": 1, "same_error": 1}, "stopped"),
        ("following", {"waiting": 5, "verified": 1, "failed": 1, "same_error": 1}, "following"),
        ("following", {"waiting": 5, "verified": 2, "failed": 4}, "following"),
        ("following", {"under_way": 1, "verified": 3}, "following"),
        ("following", {"verified": 3, "skipped": 1}, "completed"),
        ("stopped", {"waiting": 5, "under_way": 1}, "stopped"),
        ("aborted", {"waiting": 5, "verified": 9}, "aborted"),
    ],
)
def test_the_state_that_follows(state: str, known: dict[str, int], after: str) -> None:
    assert judged(state, counted(**known), 0.3)[0] == after  # type: ignore[arg-type]  # one of the states


def test_it_says_why_it_stopped() -> None:
    _, why = judged("following", counted(waiting=5, verified=2, failed=3, same_error=2), 0.3)
    assert why == "the same error came back for 2 of 5"
