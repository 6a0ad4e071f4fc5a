"""One of a thing is not told as many."""

import pytest

from schemas.counting import count_of


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (count_of(0, "row"), "0 rows"),
        (count_of(1, "row"), "1 row"),
        (count_of(7_000, "row"), "7,000 rows"),
        (count_of(1, "differs", "differ"), "1 differs"),
        (count_of(2, "differs", "differ"), "2 differ"),
    ],
)
def test_the_word_agrees_with_the_number(told: str, said: str) -> None:
    assert told == said
