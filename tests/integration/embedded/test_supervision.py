"""Real children under a real supervisor: restarted when they die, and none left behind however it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import asyncpg
import psutil
import pytest
from nats.js.api import StreamConfig

from embedded import environment
from embedded.directory import DataDirectory, write_private
from embedded.processes import started_at
from embedded.roster import Entry
from embedded.state import State
from tests.support.nats import connected
from tests.support.waiting import until

PROGRAM = (sys.executable, "-m", "tests.integration.embedded.supervised")
CHILDREN = ["postgres", "nats", "stubborn"]


class Supervised:
    """The program under test, in a data directory, with what it said."""

    def __init__(self, root: Path) -> None:
        self.directory = DataDirectory(root)
        self._output = root.with_suffix(".out")
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._output.open("ab") as output:
            return subprocess.Popen([*PROGRAM, str(self.directory.root)], stdout=output, stderr=output)  # noqa: S603

    async def ready(self, times: int = 1) -> None:
        await until(lambda: self.said().count("ready") == times, 60, what="the supervisor to be ready")

    def start_again(self) -> None:
        self.process = self._start()

    def said(self) -> list[str]:
        return self._output.read_text().splitlines()

    def pids(self) -> dict[str, int]:
        return {name: entry["pid"] for name, entry in json.loads(self.directory.roster.read_text()).items()}

    def tree(self) -> list[psutil.Process]:
        """Every process it has started, also those its children started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def state(self) -> State:
        stored = json.loads(self.directory.state.read_text())
        return State(stored["ports"], stored["secrets"])


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    supervised = Supervised(tmp_path / "data")
    yield supervised
    if supervised.process.poll() is None:
        supervised.process.terminate()
        supervised.process.wait(60)


@contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, killed at the end."""
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        yield process
        process.kill()


def gone(processes: list[psutil.Process]) -> bool:
    return not [process for process in processes if runs(process)]


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("name", CHILDREN)
async def test_a_killed_child_is_started_again(supervised: Supervised, name: str) -> None:
    await supervised.ready()
    before = supervised.pids()
    os.kill(before[name], signal.SIGKILL)
    await until(lambda: supervised.pids().get(name, before[name]) != before[name], 60)
    await until(lambda: sum(line.startswith(f"{name}: ready in") for line in supervised.said()) == 2, 60)
    assert f"{name} was ended by SIGKILL; it is started again in 0.2 s" in supervised.said()
    assert {**supervised.pids(), name: 0} == {**before, name: 0}


async def test_what_was_stored_is_there_after_both_servers_were_killed(supervised: Supervised) -> None:
    await supervised.ready()
    postgres = environment.postgres(supervised.state(), supervised.directory)
    nats = environment.nats(supervised.state(), supervised.directory)
    connection = await asyncpg.connect(postgres.url())
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS id")
    await connection.close()
    async with connected(nats.url) as client:
        await client.jetstream().add_stream(StreamConfig(name="KEPT", subjects=["kept"]))
        await client.jetstream().publish("kept", b"42")
    for name in ("postgres", "nats"):
        os.kill(supervised.pids()[name], signal.SIGKILL)
    await until(lambda: sum(": ready in " in line for line in supervised.said()) == len(CHILDREN) + 2, 60)
    connection = await asyncpg.connect(postgres.url())
    assert await connection.fetchval("SELECT id FROM kept") == 42
    await connection.close()
    async with connected(nats.url) as client:
        assert (await client.jetstream().get_msg("KEPT", 1)).data == b"42"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_stops_every_process(supervised: Supervised, how: signal.Signals) -> None:
    await supervised.ready()
    tree = supervised.tree()
    assert len(tree) > len(CHILDREN)
    supervised.process.send_signal(how)
    assert supervised.process.wait(60) == 0
    assert gone(tree)
    assert supervised.said()[-1] == "ended"
    assert supervised.pids() == {}
    assert "database system is shut down" in (supervised.directory.logs / "postgres.log").read_text()


async def test_a_signal_while_it_starts_stops_what_has_been_started(supervised: Supervised) -> None:
    await until(lambda: supervised.directory.roster.exists() and supervised.pids(), 60)
    tree = supervised.tree()
    supervised.process.send_signal(signal.SIGINT)
    assert supervised.process.wait(60) == 0
    assert gone(tree)
    assert "ready" not in supervised.said()


async def test_a_second_one_on_the_same_directory_is_refused(supervised: Supervised) -> None:
    await supervised.ready()
    second = subprocess.run([*PROGRAM, supervised.directory.root], capture_output=True, text=True, check=False)  # noqa: S603, ASYNC221 - quick
    assert second.returncode != 0
    assert (
        f"Another `reprise up` (process {supervised.process.pid}) is using {supervised.directory.root}" in second.stderr
    )
    assert len(supervised.pids()) == len(CHILDREN)


async def test_kill_9_of_the_supervisor_ends_every_process(supervised: Supervised) -> None:
    await supervised.ready()
    tree = supervised.tree()
    supervised.process.kill()
    supervised.process.wait()
    await until(lambda: gone(tree), 60)


async def test_after_kill_9_of_everything_the_next_start_goes_on(supervised: Supervised) -> None:
    await supervised.ready()
    state = supervised.state()
    for process in [psutil.Process(supervised.process.pid), *supervised.tree()]:
        process.kill()
    supervised.process.wait()
    supervised.start_again()
    await supervised.ready(times=2)
    assert supervised.state() == state


async def test_the_next_start_ends_what_a_killed_one_left_behind(supervised: Supervised) -> None:
    await supervised.ready()
    supervised.process.send_signal(signal.SIGINT)
    supervised.process.wait(60)
    with sleeper() as left_behind, sleeper() as unrelated:
        entries = {
            "left behind": Entry(left_behind.pid, str(started_at(left_behind.pid)), signal.SIGTERM, 5.0),
            "of the same id": Entry(unrelated.pid, "another moment", signal.SIGTERM, 5.0),
        }
        write_private(supervised.directory.roster, {name: asdict(entry) for name, entry in entries.items()})
        supervised.start_again()
        await supervised.ready(times=2)
        assert left_behind.wait(10) == -signal.SIGTERM
        assert unrelated.poll() is None
    assert [line for line in supervised.said() if "leftover" in line] == ["ended leftover left behind"]
