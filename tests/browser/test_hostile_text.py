"""What people and clusters write is shown as they wrote it, and never becomes part of the page."""

from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from cluster.client import Cluster
from cluster.kinds import POD
from cluster.names import INSTANCE, selector
from tests.browser.looking import address, changing
from tests.browser.made import Made
from tests.browser.people import People, sign_in
from tests.support.installation import Installation
from tests.support.names import unique

HOSTILE = (
    """"'><img src=x data-hostile onerror="document.title='run'"><script data-hostile>document.title='run'</script>"""
)


async def harmless(page: Page) -> None:
    """It stands there as text."""
    await expect(page.locator("body")).to_contain_text("data-hostile")
    await only_text(page)


async def only_text(page: Page) -> None:
    """It has made no element, and has not run."""
    await expect(page.locator("[data-hostile]")).to_have_count(0)
    assert await page.title() != "run"


async def test_a_reason(people: People, made: Made, reprise: Installation) -> None:
    running = await made.running()
    answer = await reprise.http.post(f"/api/instances/{running['id']}/stop", json={"reason": HOSTILE})
    assert answer.status_code == 202
    [row] = [row for row in await reprise.trail(running["id"]) if row["type"] == "stop.requested"]
    page = await people.admin()
    for path in (address(running), f"/audit/{row['event_id']}", f"/audit?instance_id={running['id']}"):
        await page.goto(path)
        await harmless(page)


async def test_the_reason_of_a_retry_of_many(people: People, made: Made, reprise: Installation) -> None:
    customer = unique("customer")
    await made.failed(customer_id=customer)
    body = {"where": {"customer_id": customer}, "expected": 1, "reason": HOSTILE}
    answer = await reprise.http.post("/api/retries", json=body)
    assert answer.status_code == 202, answer.text
    page = await people.admin()
    for path in ("/retries", f"/retries/{answer.json()['id']}"):
        await page.goto(path)
        await harmless(page)


async def test_what_the_cluster_says(people: People, made: Made, reprise: Installation) -> None:
    waiting = await made.waiting()
    page = await people.admin()
    async with Cluster(reprise.settings) as cluster:
        [pod] = await cluster.select(POD, selector({INSTANCE: waiting["id"]}))
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": HOSTILE}
        await cluster.patch(POD, f"{pod['metadata']['name']}/status", {"status": {"conditions": [condition]}})
    lists = [f"/instances?q={waiting['name']}&view={view}" for view in ("table", "cards")]
    for path in ("/", address(waiting), *lists, f"/audit?instance_id={waiting['id']}"):
        await page.goto(path)
        await harmless(page)


@pytest.mark.parametrize("field", ["name", "customer_id", "profile", "cpu", "memory", "volume", "patience", "reason"])
async def test_a_field_of_a_new_instance(people: People, field: str) -> None:
    page = await people.admin()
    await page.goto("/instances/new")
    for needed in ("name", "customer_id"):
        await page.locator(f"[name={needed}]").fill("-")
    await page.locator(f"[name={field}]").fill(HOSTILE)
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator(f"[name={field}]")).to_have_value(HOSTILE)
    await only_text(page)


async def test_the_fields_of_a_retry(people: People, made: Made) -> None:
    failed = await made.failed()
    page = await people.admin()
    form = page.locator("form[action$=retry]")
    for field in ("profile", "cpu", "memory", "image", "patience", "reason"):
        await page.goto(address(failed))
        await changing(page)
        await form.locator(f"[name={field}]").fill(HOSTILE)
        if field == "reason":
            await form.locator("[name=cpu]").fill("none")
        await page.get_by_role("button", name="Retry Provisioning").click()
        await expect(page.get_by_role("alert").first).to_be_visible()
        await expect(form.locator(f"[name={field}]")).to_have_value(HOSTILE)
        await only_text(page)


@pytest.mark.parametrize("path", ["/instances", "/retries", "/audit", "/dead-letters"])
async def test_the_filters_in_an_address(people: People, path: str) -> None:
    page = await people.admin()
    for query in ("q", "customer_id", "status", "error_code", "view", "cursor", "profile", "actor", "since", "did"):
        await page.goto(f"{path}?{query}={quote(HOSTILE)}")
        await only_text(page)


@pytest.mark.parametrize("path", ["/sign-in?to={}", "/sign-in/{}", "/{}", "/instances/new?name={}&customer_id={}"])
async def test_an_address_that_anybody_may_send(people: People, path: str) -> None:
    page = await people.admin()
    await page.goto(path.replace("{}", quote(HOSTILE, safe="")))
    await only_text(page)


async def test_a_sign_in_leads_to_no_other_place(page: Page, people: People) -> None:
    for elsewhere in ("https://example.com/", "//example.com/", "/\\example.com", "javascript:document.title='run'"):
        await page.goto(f"/sign-in?to={quote(elsewhere, safe='')}")
        await sign_in(page, people.admins_token)
        assert page.url.startswith(await page.evaluate("location.origin"))
        await only_text(page)
        await page.context.clear_cookies()
