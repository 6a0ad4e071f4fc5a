"""The audit log in the browser: followed as it is written, exported, and proved."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from bus import checkpoints
from bus.connection import connected, jetstream
from cli.verifying import Files, check
from persistence.signing import PublicKeys
from tests.browser.accessibility import assert_accessible
from tests.browser.looking import WITHOUT_SCRIPTS
from tests.browser.made import Made
from tests.browser.people import People
from tests.browser.visiting import Visit
from tests.support.installation import Installation
from tests.support.up import Up
from tests.support.waiting import until


async def stop(reprise: Installation, identity: str, reason: str) -> None:
    answer = await reprise.http.post(f"/api/instances/{identity}/stop", json={"reason": reason})
    assert answer.status_code == 202, answer.text


async def test_new_rows_appear_at_the_top_by_the_filters_in_force(
    people: People, made: Made, reprise: Installation
) -> None:
    one, other = await made.running(), await made.running()
    page = await people.admin()
    await page.goto(f"/audit?instance_id={one['id']}&type=stop.requested")
    await expect(page.get_by_text("Following: new rows appear at the top")).to_be_visible()
    await expect(page.locator("#rows")).to_contain_text("No row fits")
    await stop(reprise, other["id"], "not this one")
    await stop(reprise, one["id"], "not used at night")
    await expect(page.locator("#rows tbody tr")).to_have_count(1)
    await expect(page.locator("#rows")).to_contain_text("not used at night")
    await reprise.reaches(one["id"], "stopped")
    await page.goto(f"/audit?instance_id={one['id']}")
    before = await page.locator("#rows tbody tr").count()
    answer = await reprise.http.post(f"/api/instances/{one['id']}/start", json={"reason": "it is morning"})
    assert answer.status_code == 202
    rows = page.locator("#rows tbody tr")
    await expect(rows.filter(has_text="it is morning")).to_have_count(1)
    await reprise.reaches(one["id"], "running")
    await expect(rows.first).to_contain_text("deploy.ready")
    assert await rows.count() > before
    assert await rows.evaluate_all("rows => new Set(rows.map(row => row.id)).size") == await rows.count()


async def test_what_changed_nothing_is_followed_too(people: People, made: Made, reprise: Installation) -> None:
    running = await made.running()
    page = await people.admin()
    await page.goto(f"/audit?instance_id={running['id']}&outcome=rejected")
    await expect(page.get_by_text("Following")).to_be_visible()
    answer = await reprise.http.post(f"/api/instances/{running['id']}/retry", json={"reason": "by mistake"})
    assert answer.status_code == 400
    await expect(page.locator("#rows")).to_contain_text("by mistake")


async def test_paused_it_stands_still_and_then_catches_up(people: People, made: Made, reprise: Installation) -> None:
    running = await made.running()
    page = await people.admin()
    await page.goto(f"/audit?instance_id={running['id']}")
    rows = page.locator("#rows tbody tr")
    await expect(rows.first).to_contain_text("deploy.ready")
    await page.get_by_role("button", name="Pause").click()
    before = await rows.count()
    await stop(reprise, running["id"], "a pause")
    await reprise.reaches(running["id"], "stopped")
    await expect(page.get_by_text(re.compile(r"Paused; [2-9] new rows wait"))).to_be_visible()
    assert await rows.count() == before
    await assert_accessible(page)
    await page.get_by_role("button", name="Go on").click()
    await expect(rows.first).to_contain_text("stop.completed")
    await expect(rows.filter(has_text="a pause")).to_have_count(1)


async def test_it_goes_on_after_the_server_was_away(
    browsing: Visit, people: People, made: Made, reprise: Installation, up: Up
) -> None:
    running = await made.running()
    page = await people.admin()
    await page.goto(f"/audit?instance_id={running['id']}")
    await expect(page.get_by_text("Following")).to_be_visible()
    lost = page.get_by_text("The connection is lost")
    await up.kill("service")
    await expect(lost).to_be_visible()
    await browsing.faults.forgive(
        r"ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|CONNECTION_RESET)"
    )
    await expect(lost).to_be_hidden()
    await stop(reprise, running["id"], "after the outage")
    await expect(page.locator("#rows")).to_contain_text("after the outage")


@WITHOUT_SCRIPTS
@pytest.mark.usefixtures("pictured")  # of which there are more rows than a page has
async def test_without_scripts_it_is_read_page_by_page(people: People) -> None:
    page = await people.admin()
    await page.goto("/audit?outcome=applied")
    await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    first = await page.locator("#rows tbody tr").first.get_attribute("id")
    assert first is not None
    await page.get_by_role("link", name="Older").click()
    await expect(page.locator(f"#{first}")).to_have_count(0)
    await expect(page.get_by_label("Outcome")).to_have_value("applied")
    await expect(page.locator("#rows tbody tr").first).to_be_visible()
    await page.get_by_role("link", name="Newest").click()
    await expect(page.locator(f"#{first}")).to_have_count(1)


async def test_what_the_filters_select_is_downloaded_and_proves_itself(
    people: People, made: Made, reprise: Installation, tmp_path: Path
) -> None:
    failed = await made.failed()
    page = await people.admin()
    await page.goto(f"/audit?instance_id={failed['id']}")
    await page.get_by_text("Export what these filters select").click()
    await page.get_by_label("Reason").fill("the auditor asks")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export").click()
    rows = await download.value
    file = tmp_path / rows.suggested_filename
    await rows.save_as(file)

    await page.get_by_role("link", name="Proof and exports").click()
    listed = page.get_by_role("row", name=file.name)
    await expect(listed).to_contain_text("the auditor asks")
    async with page.expect_download() as download:
        await listed.get_by_role("link", name="Manifest").click()
    manifest = await download.value
    await manifest.save_as(tmp_path / manifest.suggested_filename)

    files = Files.of(file)
    assert files.manifest.name == manifest.suggested_filename
    keys = PublicKeys((await reprise.http.get("/api/audit/signing-keys")).json()["public_keys"])
    report = check(files, json.loads(files.manifest.read_text()), keys, lambda _: None)
    assert (report.differences, report.rows) == ([], len(await reprise.trail(failed["id"])))


@WITHOUT_SCRIPTS
async def test_an_export_without_a_reason_is_refused_in_words(people: People) -> None:
    page = await people.admin()
    await page.goto("/audit?outcome=stale")
    await page.get_by_text("Export what these filters select").click()
    await page.get_by_label("Reason").evaluate("field => field.removeAttribute('required')")
    await page.get_by_label("Format").select_option("csv")
    await page.get_by_role("button", name="Export").click()
    await expect(page.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Format")).to_have_value("csv")
    await expect(page.get_by_label("Outcome")).to_have_value("stale")
    await page.goto(page.url)
    await expect(page.get_by_role("heading", name="Audit log")).to_be_visible()


async def test_customers_follow_their_own_and_export_nothing(people: People, made: Made) -> None:
    await made.running(customer_id="globex")
    page = await people.customer("acme")
    await page.goto("/audit")
    await expect(page.get_by_text("Following")).to_be_visible()
    await expect(page.get_by_text("Export")).to_have_count(0)
    await expect(page.locator("#rows")).not_to_contain_text("globex")
    answer = await page.goto("/audit/proof")
    assert answer is not None
    assert answer.status == 403


async def test_the_log_is_verified_and_what_speaks_for_it_is_shown(people: People, reprise: Installation) -> None:
    async with connected(reprise.settings, "test") as client:

        async def taken() -> bool:
            return await checkpoints.last(jetstream(client)) is not None

        await until(taken, 60, what="the first checkpoint")
    page = await people.admin()
    await page.goto("/audit/proof")
    await expect(page.get_by_role("definition").filter(has_text=re.compile("^right$"))).to_be_visible()
    await page.get_by_role("button", name="Verify now").click()
    await expect(page.get_by_role("status").filter(has_text="all is as it was recorded")).to_be_visible()
    verified = page.get_by_role("region", name="Verifications").get_by_role("row").nth(1)
    await expect(verified).to_contain_text("alice")
    await expect(verified).to_contain_text("all as recorded")
    await assert_accessible(page)
    await page.get_by_role("link", name="Audit log").first.click()
    await expect(page.locator("main")).to_contain_text(re.compile(r"all of [\d,]+ rows as recorded"))
