"""`reprise up` as people run it: the whole command, killed and interrupted, in a directory of its own."""

import json
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from embedded.groups import GROUPS
from tests.support.up import COMMAND, Up
from tests.support.waiting import until

CHILDREN = ("postgres", "nats", "cluster", *GROUPS)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path / "data")
    yield up
    up.stop()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=0)[1]


@pytest.mark.timeout(240)
async def test_any_child_may_be_killed_and_the_whole_works_on(up: Up) -> None:
    await up.ready()
    await until(up.works, 30)
    for name in CHILDREN:
        await up.kill(name)
        await until(up.works, 60, what=f"the API to work after {name} was killed")


@pytest.mark.timeout(240)
async def test_ctrl_c_leaves_nothing_and_the_next_start_goes_on_with_the_same_addresses_and_token_key(up: Up) -> None:
    await up.ready()
    state, tree = up.directory.state.read_text(), up.tree()
    assert len(tree) > len(CHILDREN)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(90) == 0
    assert alive(tree) == []
    up.start_again()
    await up.ready()
    await until(up.works, 30)
    assert up.directory.state.read_text() == state


@pytest.mark.timeout(240)
async def test_after_kill_9_of_everything_the_next_start_goes_on(up: Up) -> None:
    await up.ready()
    for process in up.tree():
        process.kill()
    up.process.wait(10)
    up.start_again()
    await up.ready()
    await until(up.works, 30)


@pytest.mark.timeout(240)
async def test_what_lies_in_the_directory_is_private_and_a_second_up_is_refused(up: Up) -> None:
    await up.ready()
    for file in (up.directory.client, up.directory.state, up.directory.roster, *up.directory.logs.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(up.directory.root.stat().st_mode) & 0o067 == 0
    second = subprocess.run(COMMAND, env=up.environment, capture_output=True, text=True, check=False)  # noqa: S603, ASYNC221 - quick
    assert second.returncode == 1
    assert second.stderr.startswith(f"Another `reprise up` (process {up.process.pid}) is using {up.directory.root}: ")
    assert second.stderr.count("\n") == 1


@pytest.mark.timeout(240)
async def test_two_that_start_at_once_where_nobody_named_a_port_serve_side_by_side(tmp_path: Path) -> None:
    both = [Up(tmp_path / name, REPRISE_PORT=None) for name in ("one", "other")]
    try:
        for up in both:
            await up.ready()
        urls = {json.loads(up.directory.client.read_text())["url"] for up in both}
        assert len(urls) == len(both)
        for up in both:
            await until(up.works, 60)
    finally:
        for up in both:
            up.stop()


@pytest.mark.timeout(240)
async def test_at_rest_all_together_use_little(up: Up) -> None:
    await up.ready()
    await until(up.works, 30)
    begun, used = time.monotonic(), total(up.tree(), cpu_seconds)
    await until(lambda: time.monotonic() - begun > 10, 20)
    assert (total(up.tree(), cpu_seconds) - used) / (time.monotonic() - begun) < 0.10
    assert total(up.tree(), memory) < 600 * 1024 * 1024
    assert "started again" not in (up.directory.logs / "supervisor.log").read_text()


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def memory(process: psutil.Process) -> int:
    """Bytes; of what processes share, the parts that were loaded once and forked, each has its share."""
    return int(process.memory_full_info().pss)


def total(processes: list[psutil.Process], measure: Callable[[psutil.Process], float]) -> float:
    """The sum over those that are still there: PostgreSQL's sessions come and go."""
    found = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found += measure(process)
    return found
