"""The watcher of a whole Reprise, whose real API server dies, forgets, refuses and breaks off in the middle of runs."""

import asyncio
import secrets
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from cli.parts import PARTS
from consumers.watching.cache import WATCHED
from schemas.settings import Settings
from tests.controlplane.running import ControlPlane
from tests.support.installation import Installation, installation, served, whole_of
from tests.support.interference import Asked, Fault, Interference, interference, nothing
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.trails import intact_trails, moves
from tests.support.waiting import until

RUN = ["pending", "allocating_database", "deploying", "running"]
FAILED = ["pending", "allocating_database", "deploying", "cleaning_up", "error"]
KINDS = len(WATCHED) + 1 + 2
"""Objects of so many kinds are watched: Events among them, and nodes and pods once more, for the room there is."""
SHORT = 15
"""Seconds of a deadline that is to pass. Nothing has to be done within it but what the outage interrupts."""
pytestmark = pytest.mark.timeout(300)
WITHOUT_CONSOLE = tuple(part for part in PARTS if part != "console")
TAKEN_OVER_WITHIN = 15.0


@pytest_asyncio.fixture
async def between(own_control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Interference]:
    async with interference(own_control_plane.kubeconfig, tmp_path / "through") as found:
        yield found


@pytest.fixture
def settings(database: str, nats_url: str, between: Interference, tmp_path: Path) -> Settings:
    """Every part reaches the cluster through what interferes."""
    place = {"namespace": f"watching-{secrets.token_hex(4)}", "installation": "test", "nats_url": nats_url}
    return whole_of(database, tmp_path / "through", cluster="kubernetes", failure_grace=5, **place)


@asynccontextmanager
async def without_watcher(settings: Settings) -> AsyncIterator[Installation]:
    async with installation(settings, *(part for part in WITHOUT_CONSOLE if part != "watcher")) as found:
        yield found


def watcher(settings: Settings) -> AbstractAsyncContextManager[subprocess.Popen[bytes]]:
    """One as a process of its own."""
    return running(served(settings.model_copy(update={"metrics_port": free_port()}), ["watcher"]))


async def leader(settings: Settings) -> int | None:
    """PostgreSQL's process that holds the watcher's lead."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        query = """SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
                   WHERE locktype = 'advisory' AND application_name = 'reprise leader of watcher' AND granted"""
        found: int | None = await connection.fetchval(query)
        return found
    finally:
        await connection.close()


async def taken_over(settings: Settings, lead: int | None) -> None:
    """Another has the lead, soon enough."""

    async def led_by_another() -> bool:
        return await leader(settings) not in (None, lead)

    await until(led_by_another, TAKEN_OVER_WITHIN, what="another watcher to take over")


async def reach(reprise: Installation, ids: list[str], state: str, seconds: float = 120) -> None:
    """All of them; what became of each is told where they do not."""

    async def all_have() -> bool:
        return {(await reprise.instance(each))["state"] for each in ids} == {state}

    try:
        await until(all_have, seconds, what=f"{len(ids)} instances to be {state}", pause=0.2)
    except AssertionError as error:
        for each in ids:
            error.add_note(f"{each}: {await moves(reprise.settings.database_url, each)}")
        raise


async def moved(settings: Settings, instance_id: str) -> list[str]:
    """Without whether it was seen on its node before it was seen ready."""
    return [state for state in await moves(settings.database_url, instance_id) if state != "initializing"]


def writes(asked: Asked) -> bool:
    return asked.method in ("PATCH", "POST", "DELETE")


def lists(asked: Asked) -> bool:
    return asked.is_list


def watches(asked: Asked) -> bool:
    return asked.is_watch


TROUBLES: list[list[Fault]] = [
    [Fault(429, lists, times=3, headers={"Retry-After": "1"}), Fault(410, watches, times=3)],
    [Fault(500, times=4), Fault(503, writes, times=2, late=True, headers={"Retry-After": "1"})],
    [Fault(504, lists, times=2), Fault(502, watches, times=2), Fault(500, writes, times=2, late=True)],
    [Fault(403, lists)],
]
"""Each beside watches that break off, and every other time watches that expire."""


@asynccontextmanager
async def storm(between: Interference) -> AsyncIterator[None]:
    """One trouble after the other, each once the watcher has got over the last one, beside the block."""

    async def rage() -> None:
        for number, faults in enumerate(TROUBLES):
            between.faults = [replace(fault) for fault in faults]
            if number % 2:
                await between.expire()
            between.cut()
            await until(lambda: between.open_watches == KINDS, 60, what="the watcher to watch again")

    async with asyncio.TaskGroup() as group:
        group.create_task(rage())
        yield


async def test_deploys_failures_and_retries_go_their_way_exactly_once_through_all_of_it(
    settings: Settings, between: Interference, own_control_plane: ControlPlane
) -> None:
    async with without_watcher(settings) as reprise, watcher(settings) as first, watcher(settings):
        await until(lambda: between.open_watches == KINDS, 60)
        lead = await leader(settings)
        async with storm(between):
            good = await reprise.create_many(6)
            large = [await reprise.create(f"large-{number}", cpu="64", patience="3s") for number in range(2)]
            broken = [await reprise.create(f"broken-{number}", image="crash:1") for number in range(2)]
            await reprise.has_running(1)
            first.kill()
            await taken_over(settings, lead)
            own_control_plane.kill("kube-apiserver")
            await own_control_plane.start("kube-apiserver")
        await reach(reprise, large + broken, "error")
        async with storm(between):
            for each in large + broken:
                change = {"cpu": "50m", "image": "odoo:18.0"}
                assert (await reprise.http.post(f"/api/instances/{each}/retry", json=change)).is_success
        await reach(reprise, good + large + broken, "running")
    assert set(await intact_trails(settings.database_url)) == {*good, *large, *broken}
    for each in good:
        assert await moved(settings, each) == RUN
    for each in large + broken:
        assert await moved(settings, each) == FAILED + RUN


async def test_another_watcher_takes_over_from_one_that_hangs(settings: Settings, between: Interference) -> None:
    async with without_watcher(settings) as reprise, watcher(settings) as first:
        lead = await until(lambda: leader(settings), 60)
        async with watcher(settings):
            await until(lambda: between.open_watches == KINDS, 60)
            first.send_signal(signal.SIGSTOP)
            try:
                await taken_over(settings, lead)
                [instance] = await reprise.create_many(1)
                await reach(reprise, [instance], "running")
            finally:
                first.kill()
    assert await moved(settings, instance) == RUN


def says_ready(asked: Asked, change: dict[str, Any]) -> bool:
    """Of a pod, or of a Deployment."""
    status = change["object"].get("status", {})
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))
    return ready or status.get("readyReplicas", 0) > 0


@pytest_asyncio.fixture
async def ran(settings: Settings) -> str:
    """One that runs, and had all the time it needs for it."""
    async with installation(settings, *WITHOUT_CONSOLE) as reprise:
        [instance] = await reprise.create_many(1)
        await reach(reprise, [instance], "running")
    return instance


@asynccontextmanager
async def starting(settings: Settings, between: Interference) -> AsyncIterator[tuple[Installation, list[str]]]:
    """A Reprise that gives up soon, and two instances on their nodes that it does not hear to be ready."""
    short = settings.model_copy(update={"init_timeout": SHORT})
    async with installation(short, *WITHOUT_CONSOLE) as reprise:
        await until(lambda: between.open_watches == KINDS, 60, what="the watcher to watch")
        between.loses = says_ready
        found = [await reprise.create(f"slow-{number}") for number in range(2)]
        await reach(reprise, found, "initializing")
        yield reprise, found


async def test_an_outage_of_the_api_server_longer_than_every_deadline_fails_nothing_that_is_well(
    settings: Settings, ran: str, between: Interference, own_control_plane: ControlPlane
) -> None:
    async with starting(settings, between) as (reprise, on_their_way):
        own_control_plane.kill("kube-apiserver")
        await reach(reprise, on_their_way, "cleaning_up")
        between.loses = nothing
        await own_control_plane.start("kube-apiserver")
        await reach(reprise, [ran, *on_their_way], "running")
    assert await moved(settings, ran) == RUN
    for each in on_their_way:
        assert await moved(settings, each) == [*RUN[:-1], "cleaning_up", "running"]


async def test_an_outage_of_reprise_longer_than_every_deadline_fails_nothing_that_is_well(
    settings: Settings, ran: str, between: Interference
) -> None:
    async with starting(settings, between) as (_, on_their_way):
        pass
    over = datetime.now(UTC) + timedelta(seconds=SHORT)
    between.loses = nothing
    await until(lambda: datetime.now(UTC) > over, 2 * SHORT, what="every deadline to be over")
    async with installation(settings, *WITHOUT_CONSOLE) as reprise:
        await reach(reprise, [ran, *on_their_way], "running")
    assert await moved(settings, ran) == RUN
    for each in on_their_way:
        assert set(await moved(settings, each)) <= {*RUN, "cleaning_up"}
