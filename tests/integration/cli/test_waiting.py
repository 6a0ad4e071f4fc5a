"""--wait: a real process that follows a job, on a terminal and elsewhere."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from schemas.codes import ErrorCode
from schemas.payloads import DatabaseAllocated, Failure, Progress, Receipt, Scheduled
from schemas.types import EventType
from tests.integration.api.world import World
from tests.integration.cli.conftest import Service, bare
from tests.support.names import unique
from tests.support.waiting import until

NO_ROOM = "0/1 nodes are available: 1 Insufficient cpu."
DATABASE = DatabaseAllocated(db_server_id="s", host="db", port=5432, database="d", username="u")


class Command:
    """A running `reprise`; what it prints is in a file."""

    def __init__(self, service: Service, directory: Path, *arguments: str) -> None:
        self._file = directory / "out"
        environment = bare() | {"REPRISE_URL": service.url, "REPRISE_TOKEN": service.token()}
        with self._file.open("wb") as file:
            command = [sys.executable, "-m", "cli.main", *arguments]
            self.process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)  # noqa: S603

    def said(self) -> str:
        return self._file.read_text()

    async def says(self, text: str) -> None:
        await until(lambda: text in self.said(), what=f"{text!r}")

    async def ends(self) -> int:
        await until(lambda: self.process.poll() is not None, what="the command to end")
        return int(self.process.returncode)


@pytest.fixture
def commands(service: Service, tmp_path: Path) -> Iterator[list[Command]]:
    """Those that a test has started; none is left running."""
    started: list[Command] = []
    yield started
    for command in started:
        command.process.kill()
        command.process.wait()


def retrying(commands: list[Command], service: Service, directory: Path, name: str, *more: str) -> Command:
    command = Command(service, directory, "retry", name, "--wait", *more)
    commands.append(command)
    return command


async def deploy(world: World, identity: str) -> None:
    await world.say(identity, EventType.PROVISION_ADMITTED)
    await world.say(identity, EventType.DATABASE_ALLOCATED, DATABASE)
    await world.say(identity, EventType.DEPLOY_APPLIED)


async def test_each_change_is_a_line_and_success_ends_with_0(
    service: Service, world: World, commands: list[Command], tmp_path: Path
) -> None:
    name = unique()
    identity = await world.failed(name)
    waiting = retrying(commands, service, tmp_path, name)
    await waiting.says("creating/pending (attempt 2)")
    await deploy(world, identity)
    await world.say(identity, EventType.DEPLOY_PROGRESSING, Progress(cause=NO_ROOM))
    await waiting.says("1 Insufficient cpu")
    await world.say(identity, EventType.DEPLOY_SCHEDULED, Scheduled(node="node-1"))
    await world.say(identity, EventType.DEPLOY_READY)
    assert await waiting.ends() == 0
    assert f"{name} is running; retry.requested done" in waiting.said()


async def test_failure_ends_with_1_the_sentence_and_what_to_type_next(
    service: Service, world: World, commands: list[Command], tmp_path: Path
) -> None:
    name = unique()
    identity = await world.failed(name)
    waiting = retrying(commands, service, tmp_path, name)
    await waiting.says("creating/pending (attempt 2)")
    await deploy(world, identity)
    failure = Failure(error_code=ErrorCode.IMAGE_PULL, error_message="The image cannot be pulled.")
    await world.say(identity, EventType.DEPLOY_FAILED, failure)
    await world.say(identity, EventType.CLEANUP_COMPLETED, Receipt(objects=()))
    assert await waiting.ends() == 1
    assert "retry.requested failed: The image cannot be pulled." in waiting.said()
    assert f"Try again with: reprise retry {identity}" in waiting.said()


async def test_ctrl_c_stops_following_and_nothing_else(
    service: Service, world: World, commands: list[Command], tmp_path: Path
) -> None:
    name = unique()
    identity = await world.failed(name)
    waiting = retrying(commands, service, tmp_path, name)
    await waiting.says("creating/pending (attempt 2)")
    waiting.process.send_signal(signal.SIGINT)
    assert await waiting.ends() == 130
    assert f"Stopped following; the attempt goes on. See it with: reprise show {identity}" in waiting.said()
    assert "Traceback" not in waiting.said()
    assert (await world.instance(identity)).state == "pending"


async def test_with_json_the_job_is_all_there_is_on_stdout(
    service: Service, world: World, commands: list[Command], tmp_path: Path
) -> None:
    name = unique()
    identity = await world.failed(name)
    waiting = retrying(commands, service, tmp_path, name, "--output", "json")
    await waiting.says("creating/pending (attempt 2)")
    await world.say(identity, EventType.PROVISION_ADMITTED)
    (await world.admin.post(f"/api/instances/{identity}/cancel")).raise_for_status()
    await world.say(identity, EventType.CLEANUP_COMPLETED, Receipt(objects=()))
    assert await waiting.ends() == 1
    begin = waiting.said().index("{")
    job, _ = json.JSONDecoder().raw_decode(waiting.said()[begin:])
    assert (job["instance_id"], job["status"]) == (identity, "cancelled")


async def test_on_a_terminal_the_cause_changes_in_place(service: Service, world: World) -> None:
    name = unique()
    identity = await world.failed(name)
    master, slave = pty.openpty()
    environment = bare() | {"REPRISE_URL": service.url, "REPRISE_TOKEN": service.token(), "TERM": "xterm"}
    command = [sys.executable, "-m", "cli.main", "retry", name, "--wait"]
    process = subprocess.Popen(command, env=environment, stdin=slave, stdout=slave, stderr=slave)  # noqa: S603, ASYNC220
    os.close(slave)
    os.set_blocking(master, False)
    shown = bytearray()

    def shows(text: str) -> bool:
        with suppress(OSError):  # nothing to read yet, or nobody there to write any more
            shown.extend(os.read(master, 65_536))
        return text in shown.decode(errors="replace")

    try:
        await until(lambda: shows("creating/pending (attempt 2)"))
        await deploy(world, identity)
        await world.say(identity, EventType.DEPLOY_PROGRESSING, Progress(cause=NO_ROOM))
        await until(lambda: shows("Insufficient"))
        await world.say(identity, EventType.DEPLOY_SCHEDULED, Scheduled(node="node-1"))
        await world.say(identity, EventType.DEPLOY_READY)
        await until(lambda: shows(f"{name} is running"))
        await until(lambda: process.poll() == 0)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert "\x1b[" in shown.decode(errors="replace")
