"""`reprise retry --where` and `reprise retries`, with a real API process and a real runner."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from api.tokens import Role
from consumers import retrying
from tests.integration.api.test_retries import fails, passes, states
from tests.integration.api.world import World
from tests.integration.cli.conftest import Reprise, Said, Service, bare
from tests.support.names import unique
from tests.support.waiting import until


@dataclass(frozen=True)
class Failed:
    """Instances in error of a customer of its own, and how the retry of them goes."""

    world: World
    customer: str
    ids: list[str]

    @property
    def where(self) -> str:
        return f"error_code=insufficient_resources,customer_id={self.customer}"

    async def bulk(self) -> dict[str, Any] | None:
        """The one of this customer's instances."""
        found = (await self.world.admin.get("/api/retries")).json()["items"]
        return next((each for each in found if each["where"].get("customer_id") == self.customer), None)

    async def sees(self, what: str, check: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async def seen() -> dict[str, Any] | None:
            found = await self.bulk()
            return found if found and check(found) else None

        found = await until(seen, 30, what=what)
        assert found is not None
        return found


@pytest_asyncio.fixture
async def many(world: World, service: Service) -> AsyncIterator[Failed]:
    """Three that have failed, and a runner."""
    customer = unique()
    headers = {"Authorization": f"Bearer {service.token(Role.CUSTOMER, customer)}"}
    stop = asyncio.Event()
    async with httpx.AsyncClient(base_url=service.url, headers=headers) as client:
        own = replace(world, acme=client)
        ids = [await own.failed(f"shop-{number}") for number in range(3)]
        running = asyncio.create_task(retrying.run(service.settings, world.backend.writer, stop))
        yield Failed(own, customer, ids)
        stop.set()
        await running


@asynccontextmanager
async def started(service: Service, *arguments: str) -> AsyncIterator["subprocess.Popen[str]"]:
    """A command as a process of its own, which does not outlive the test."""
    where = {"REPRISE_URL": service.url, "REPRISE_TOKEN": service.token()}
    process = subprocess.Popen(  # noqa: S603, ASYNC220 - ours, and quick
        (sys.executable, "-m", "cli.main", *arguments),
        env={**bare(), **where},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def ended(process: "subprocess.Popen[str]") -> Said:
    out, err = await asyncio.to_thread(process.communicate, timeout=30)
    return Said(process.returncode, out, err)


async def test_the_plan_is_shown_and_nothing_done(reprise: Reprise, many: Failed) -> None:
    said = reprise("retry", "--where", many.where, "--dry-run")
    assert said.code == 0, said.err
    assert all(identity in said.out for identity in many.ids)
    assert "2 follow only when it has passed the step that had failed." in said.out
    assert (await many.bulk(), await states(many.world, many.ids)) == (None, ["error"] * 3)


@pytest.mark.parametrize(("arguments", "named"), [((), "--reason"), (("--reason", "why"), "--yes")])
async def test_it_needs_a_reason_and_a_count_typed_by_somebody(
    reprise: Reprise, many: Failed, arguments: tuple[str, ...], named: str
) -> None:
    said = reprise("retry", "--where", many.where, *arguments)
    assert said.code == 2
    assert named in said.err
    assert await many.bulk() is None


async def test_it_is_followed_until_all_are_verified(service: Service, many: Failed) -> None:
    command = ("retry", "--where", many.where, "--rate", "50/s", "--yes", "--reason", "nodes were added")
    async with started(service, *command) as process:
        await many.sees("the first to go alone", lambda seen: seen["under_way"] == 1 and seen["waiting"] == 2)
        await passes(many.world, many.ids[0])
        await many.sees("the others to follow", lambda seen: seen["waiting"] == 0)
        for identity in many.ids[1:]:
            await passes(many.world, identity)
        said = await ended(process)
    assert (said.code, said.out) == (0, "completed: 3 verified, 0 failed, 0 skipped, 0 under way, 0 waiting\n")
    assert "canary: 0 verified, 0 failed, 0 skipped, 1 under way, 2 waiting" in said.err


async def test_where_the_first_fails_it_ends_with_1_and_says_why(service: Service, many: Failed) -> None:
    async with started(service, "retry", "--where", many.where, "--yes", "--reason", "why") as process:
        await many.sees("the first to go", lambda seen: seen["under_way"] == 1)
        await fails(many.world, many.ids[0])
        said = await ended(process)
    assert said.code == 1
    assert "stopped: 0 verified, 1 failed" in said.out
    assert "the first retry failed, so the others were left as they were" in said.out


async def test_ctrl_c_aborts_the_rest_and_says_what_was_done(service: Service, many: Failed) -> None:
    async with started(service, "retry", "--where", many.where, "--yes", "--reason", "why") as process:
        await many.sees("the first to go", lambda seen: seen["under_way"] == 1)
        process.send_signal(signal.SIGINT)
        said = await ended(process)
    assert said.code == 130, said.err
    assert "Aborted: no further instance is retried" in said.err
    assert said.out.startswith("aborted: 0 verified, 0 failed, 0 skipped, 1 under way, 2 waiting")
    assert await states(many.world, many.ids) == ["pending", "error", "error"]


async def test_one_that_goes_on_by_itself_is_paused_resumed_followed_and_aborted_by_its_id(
    reprise: Reprise, service: Service, many: Failed
) -> None:
    body = {"where": {"customer_id": many.customer}, "expected": 3, "reason": "why"}
    bulk_id = (await many.world.acme.post("/api/retries", json=body)).json()["id"]
    assert reprise("retries", "pause", bulk_id).out.startswith("paused: ")
    assert json.loads(reprise("retries", "resume", bulk_id, "-o", "json").out)["paused"] is False
    assert bulk_id in reprise("retries", "list").out
    async with started(service, "retries", "follow", bulk_id) as process:
        await many.sees("the first to go", lambda seen: seen["under_way"] == 1)
        assert (await many.world.acme.delete(f"/api/retries/{bulk_id}")).status_code == 200
        await passes(many.world, many.ids[0])
        said = await ended(process)
    assert (said.code, said.out.splitlines()[0]) == (
        1,
        f"aborted: 1 verified, 0 failed, 0 skipped, 0 under way, 2 waiting (aborted by api:test-{Role.CUSTOMER})",
    )
    assert reprise("retries", "show", bulk_id).out.startswith("aborted: 1 verified")
    assert reprise("retries", "abort", bulk_id).err == "The bulk retry is over; nothing more of it would be begun\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("shop", "--limit", "3"),
        ("shop", "--where", "error_code=timeout"),
        ("--where", "error_code=timeout", "--image", "odoo:18.0"),
        ("--where", "error_code"),
        ("--where", "error_code=a,error_code=b"),
    ],
)
def test_wrong_usage_ends_with_2(run: Reprise, arguments: tuple[str, ...]) -> None:
    assert run("retry", *arguments).code == 2


async def test_an_unknown_condition_is_named(reprise: Reprise) -> None:
    said = reprise("retry", "--where", "colour=red", "--dry-run")
    assert said.code == 1
    assert said.err.startswith("where.colour: is not known here")
