"""What watches over the pages sees what it is there to see."""

import pytest
from playwright.async_api import Page

from tests.browser.accessibility import assert_accessible
from tests.browser.visiting import Visit

PROVOKED = {
    "an error in the console": ("console.error('no such thing')", "no such thing"),
    "an error that nobody caught": ("setTimeout(() => { throw new Error('lost') })", "lost"),
    "a script that the policy refuses": (
        "document.head.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))",
        "Content Security Policy",
    ),
    "something of another place": ("location = 'http://127.0.0.1:9/'", "is not ours"),
}


@pytest.mark.parametrize("what", PROVOKED)
async def test_it_is_a_fault(browsing: Visit, what: str) -> None:
    script, complaint = PROVOKED[what]
    await browsing.page.goto("/docs")
    assert browsing.faults.found == []
    await browsing.page.evaluate(f"() => {{ {script} }}")
    await browsing.faults.forgive(complaint)


async def test_a_page_that_some_people_cannot_use_is_not_accessible(page: Page) -> None:
    await page.goto("/docs")
    await page.evaluate("document.querySelector('input').removeAttribute('aria-label')")
    await page.evaluate("document.querySelector('input').removeAttribute('placeholder')")
    with pytest.raises(AssertionError, match="label"):
        await assert_accessible(page)
