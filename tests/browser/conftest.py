"""A whole Reprise and a browser for the session; for each test a visit, which fails it when a page logs an error."""

from collections.abc import AsyncIterator, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.chromium import ChromiumMissing, chromium
from tests.browser.example import example
from tests.browser.made import Made
from tests.browser.people import People
from tests.browser.visiting import Place, Visit, launched, visit
from tests.browser.whole import settings_of, started
from tests.support.installation import Installation, client_of
from tests.support.up import Up

HERE = Path(__file__).parent
TIMEOUT = 240
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all: browser and installation outlive a test."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(TIMEOUT), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Says beside a failure where its pictures are; the visit's end leaves them there."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    if report.failed and "browsing" in arguments:
        item.stash[FAILED] = True
        report.sections.append(("the browser", f"Pictures and trace lie in {arguments['tmp_path']}"))
    return report


@pytest.fixture(scope="session")
def program() -> Path:
    """The Chromium of this machine; without one there is nothing to see."""
    try:
        return chromium()
    except ChromiumMissing as missing:
        pytest.skip(f"{missing}; `make test-browser` does so where it may")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def up(program: Path) -> AsyncIterator[Up]:
    """A `reprise up` with a simulated cluster of one node; all tests share it."""
    async with started() as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reprise(up: Up) -> AsyncIterator[Installation]:
    """An admin's hands in it."""
    async with client_of(settings_of(up)) as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(program: Path) -> AsyncIterator[Browser]:
    """One for all tests; each has a context of its own in it, which shares nothing with others."""
    async with launched(program) as found:
        yield found


@pytest.fixture
def how() -> dict[str, Any]:
    """Options of the test's context (those of playwright's `new_context`); a test with others parametrizes this."""
    return {}


@pytest.fixture
def place(reprise: Installation) -> Place:
    """Where people find the pages: what stands behind a proxy is elsewhere, and its tests say where."""
    return Place(str(reprise.http.base_url))


@pytest_asyncio.fixture(loop_scope="session")
async def browsing(
    request: pytest.FixtureRequest, browser: Browser, place: Place, how: dict[str, Any], tmp_path: Path
) -> AsyncIterator[Visit]:
    """The test's own visit. What a page complains about fails the test, unless the test forgives it."""
    async with visit(browser, place.origin, place.elsewhere, **how) as found:
        yield found
        await found.settle()
        if found.faults.found or request.node.stash.get(FAILED, False):
            await found.keep(tmp_path)
        assert not found.faults.found, "\n".join(found.faults.found)


@pytest.fixture
def page(browsing: Visit) -> Page:
    """The first tab."""
    return browsing.page


@pytest.fixture
def people(browsing: Visit, reprise: Installation, place: Place) -> People:
    """Who may sign in."""
    return People(browsing, reprise.settings, place.prefix)


@pytest_asyncio.fixture(loop_scope="session")
async def made(reprise: Installation) -> AsyncIterator[Made]:
    """What the test makes, which goes when it is over."""
    found = Made(reprise)
    yield found
    await found.clear()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pictured(reprise: Installation) -> Mapping[str, str]:
    """The example's instances, by what became of each."""
    return await example(reprise)
