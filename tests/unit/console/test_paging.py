"""Lists are read a page at a time: the next begins where this one ends, by the same filters."""

import re
from html import unescape

import httpx
import pytest

from tests.unit.console.answering import Answers, browsing

FILTERED = {
    "/instances": {"status": "error", "error_code": "image_pull", "customer_id": "acme", "q": "shop & co"},
    "/audit": {"outcome": "applied", "error_code": "image_pull", "customer_id": "acme", "q": "shop & co"},
}


def link(page: str, name: str) -> httpx.URL | None:
    """Where the link leads."""
    found = re.search(rf'href="([^"]*)"[^>]*>{name}</a>', page)
    return httpx.URL(unescape(found[1])) if found else None


@pytest.mark.parametrize("path", FILTERED)
async def test_the_filters_and_the_place_go_along(path: str) -> None:
    wanted, answers = FILTERED[path], Answers(more="further")
    async with browsing(answers) as browser:
        first = (await browser.get(path, params=wanted)).text
        older = link(first, "Older")
        assert older is not None
        assert dict(older.params) == {**wanted, "cursor": "further"}
        assert link(first, "Newest") is None
        answers.asked.clear()
        second = (await browser.get(older)).text
    [query] = [query for asked, query in answers.asked if asked == f"/api{path}"]
    assert query.items() >= {**wanted, "cursor": "further"}.items()
    newest = link(second, "Newest")
    assert newest is not None
    assert dict(newest.params) == wanted


@pytest.mark.parametrize("path", FILTERED)
async def test_the_last_page_leads_no_further(path: str) -> None:
    async with browsing(Answers()) as browser:
        assert link((await browser.get(path)).text, "Older") is None
