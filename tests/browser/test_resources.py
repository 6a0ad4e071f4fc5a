"""The resources of an instance on its page: what is there and ready, what was deleted and kept, and a cluster away."""

import os
import time
from collections.abc import Iterator
from signal import SIGCONT, SIGSTOP

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.looking import RETRY, WITHOUT_SCRIPTS, address
from tests.browser.made import Made
from tests.browser.people import People
from tests.support.up import Up

SOON = 5.0
"""Seconds; a cluster that hangs is waited for much longer by whoever does not mind it."""


@pytest.fixture
def hanging(up: Up) -> Iterator[list[int]]:
    """Stops the cluster's process, once its id is put in here; at the end of the test it goes on."""
    stopped: list[int] = []
    yield stopped
    for pid in stopped:
        os.kill(pid, SIGCONT)


def row(page: Page, kind: str) -> Locator:
    return page.locator("#resources").get_by_role("row").filter(has_text=kind)


async def test_what_runs_is_there_and_ready(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.running()))
    for kind in ("Deployment", "Pod", "PersistentVolumeClaim"):
        await expect(row(page, kind)).to_contain_text("ready")
    await expect(row(page, "Deployment")).to_contain_text("1 of 1 replicas")
    for kind in ("Service", "Secret"):
        await expect(row(page, kind)).to_contain_text("there")


async def test_a_pod_without_room_says_so(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.waiting()))
    await expect(row(page, "Pod")).to_contain_text("not ready")
    await expect(row(page, "Pod")).to_contain_text("Insufficient cpu")


async def test_what_a_clean_up_deleted_is_gone_and_the_database_kept(people: People, made: Made) -> None:
    page = await people.admin()
    failed = await made.failed()
    await page.goto(address(failed))
    await expect(row(page, "Deployment")).to_contain_text("not there")
    await expect(row(page, "Deployment")).to_contain_text("deleted")
    await expect(row(page, failed["database"]["database"])).to_contain_text("kept")


async def test_it_follows_what_happens(people: People, made: Made) -> None:
    page = await people.admin()
    waiting = await made.waiting()
    await page.goto(address(waiting))
    await expect(row(page, "Pod")).to_contain_text("not ready")
    await made.room()
    await expect(row(page, "Pod")).to_contain_text("on node-0")


@WITHOUT_SCRIPTS
async def test_without_scripts_a_link_leads_to_them(people: People, made: Made) -> None:
    page = await people.admin()
    await page.goto(address(await made.running()))
    await page.get_by_role("link", name="See what is in the cluster now").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Resources of")
    await expect(row(page, "Deployment")).to_contain_text("ready")


async def test_a_cluster_that_hangs_holds_no_page_up_and_is_told_in_words(
    people: People, made: Made, up: Up, hanging: list[int]
) -> None:
    page = await people.admin()
    failed = await made.failed()
    pid = up.pid("cluster")
    assert pid is not None
    hanging.append(pid)
    os.kill(pid, SIGSTOP)
    began = time.monotonic()
    await page.goto(address(failed))
    await expect(page.get_by_role("button", name=RETRY)).to_be_visible()
    assert time.monotonic() - began < SOON
    await expect(page.locator("#room")).to_contain_text("the cluster does not answer just now")
    await expect(row(page, "Deployment")).to_contain_text("deleted")
    await expect(page.locator("#resources")).to_contain_text("What is in the cluster is not known just now")
    await expect(row(page, "Deployment")).to_contain_text("deleted")
    began = time.monotonic()
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert time.monotonic() - began < SOON


async def test_another_customers_are_not_seen(people: People, made: Made) -> None:
    other = await made.running(customer_id="globex")
    page = await people.customer("acme")
    answer = await page.goto(f"{address(other)}/resources")
    assert answer is not None
    assert answer.status == 404
    await expect(page.locator("main")).not_to_contain_text(other["name"])
