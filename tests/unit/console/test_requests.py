"""How often a page asks the API: as often for fifty rows as for one, since it would be slow otherwise."""

from collections import Counter

import pytest

from tests.unit.console.answering import Answers, browsing

ASKED = {
    "/": 5,
    "/parts": 4,
    "/instances": 2,
    "/instances?view=cards": 2,
    "/audit": 3,
    "/dead-letters": 1,
    "/retries": 1,
}
"""At most; more is to be thought about, and raised here."""


async def asked(path: str, rows: int) -> Counter[str]:
    """What the API is asked for a page."""
    answers = Answers(rows)
    async with browsing(answers) as browser:
        answer = await browser.get(path)
        assert answer.status_code == 200, answer.text
    return Counter(path for path, _ in answers.asked)


@pytest.mark.parametrize("path", ASKED)
async def test_a_page_asks_no_more_for_many_rows_than_for_one(path: str) -> None:
    one, many = await asked(path, 1), await asked(path, 50)
    assert many == one
    assert many.total() <= ASKED[path]
