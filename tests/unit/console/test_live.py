"""One connection for all pages of one token; a page that is too slow looks at everything anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from console import live
from console.live import RESET, ROOM, Hub
from console.upstream import Upstream
from tests.support.waiting import until

LOST = "lost"


class Told(Upstream):
    """An API that says what it is told to."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.listeners = 0
        self.begun: list[str | None] = []
        self.tokens: list[str] = []

    @asynccontextmanager
    async def listen(self, token: str, path: str, after: str | None) -> AsyncIterator[AsyncIterator[str]]:
        self.listeners += 1
        self.begun.append(after)
        self.tokens.append(token)

        async def lines() -> AsyncIterator[str]:
            while (line := await self.lines.get()) != LOST:
                yield line

        try:
            yield lines()
        finally:
            self.listeners -= 1

    def say(self, *lines: str) -> None:
        for line in lines:
            self.lines.put_nowait(line)


async def test_all_pages_of_one_token_share_a_connection_which_ends_with_the_last() -> None:
    api = Told()
    hub = Hub(api)
    one, two = hub.listen("token"), hub.listen("token")
    assert [await anext(one), await anext(two)] == [RESET] * 2
    hearing = [asyncio.create_task(anext(one)), asyncio.create_task(anext(two))]
    api.say("id: 7", "event: state.changed", "data: {}", "")
    assert await asyncio.gather(*hearing) == ["event: state.changed\ndata: {}\n\n"] * 2
    assert api.listeners == 1
    await one.aclose()  # type: ignore[attr-defined]  # an async generator
    assert api.listeners == 1
    await two.aclose()  # type: ignore[attr-defined]
    await until(lambda: not api.listeners)


async def test_what_one_token_may_hear_another_does_not() -> None:
    api = Told()
    hub = Hub(api)
    admins, customers = hub.listen("admin"), hub.listen("customer")
    assert [await anext(admins), await anext(customers)] == [RESET] * 2
    assert api.tokens == ["admin", "customer"]
    for page in (admins, customers):
        await page.aclose()  # type: ignore[attr-defined]


async def test_a_page_looks_again_once_it_hears_since_nobody_told_it_what_changed_before() -> None:
    api = Told()
    hub = Hub(api)
    first, later = hub.listen("token"), hub.listen("token")
    assert await anext(first) == RESET
    assert await anext(later) == RESET
    await first.aclose()  # type: ignore[attr-defined]
    await later.aclose()  # type: ignore[attr-defined]


async def test_a_page_that_is_too_slow_is_told_to_look_anew() -> None:
    api = Told()
    hub = Hub(api)
    page = hub.listen("token")
    assert await anext(page) == RESET
    first = asyncio.create_task(anext(page))
    api.say("event: state.changed", 'data: {"n": 0}', "")
    await first
    for number in range(ROOM + 1):
        api.say("event: state.changed", f'data: {{"n": {number}}}', "")
    await until(lambda: api.lines.empty())
    assert await anext(page) == RESET
    await page.aclose()  # type: ignore[attr-defined]


async def test_many_pages_hear_each_change_once_by_one_connection_that_comes_back_when_it_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "PAUSE", 0.01)
    api = Told()
    hub = Hub(api)
    pages = [hub.listen("token") for _ in range(500)]
    assert set(await asyncio.gather(*map(anext, pages))) == {RESET}
    api.say("id: 7", "event: state.changed", "data: {}", "")
    assert set(await asyncio.gather(*map(anext, pages))) == {"event: state.changed\ndata: {}\n\n"}
    assert (api.listeners, api.begun) == (1, [None])
    api.say(LOST)
    assert set(await asyncio.gather(*map(anext, pages))) == {RESET}, "what changed meanwhile is looked at"
    assert (api.listeners, api.begun) == (1, [None, "7"])
    for page in pages:
        await page.aclose()  # type: ignore[attr-defined]
    await until(lambda: not api.listeners)
