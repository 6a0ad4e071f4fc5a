"""What one keeper and the supervisor do with children that will not start, or will not end."""

import asyncio
import os
import sys
from pathlib import Path
from signal import SIGKILL

import pytest

from embedded.announcements import Announcement, Ended, Started
from embedded.child import Child
from embedded.directory import DataDirectory
from embedded.keeper import Keeper
from embedded.processes import started_at
from embedded.roster import Roster
from embedded.supervisor import Supervisor
from schemas.errors import NotStarted
from tests.support.waiting import until

SLEEP = "import signal; signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
FAIL = "print('no room on the device'); raise SystemExit(3)"


async def yes() -> bool:
    return True


async def never() -> bool:
    return False


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    (tmp_path / "logs").mkdir()
    return DataDirectory(tmp_path)


@pytest.fixture
def heard() -> list[Announcement]:
    return []


def python(name: str, program: str) -> tuple[str, tuple[str, ...]]:
    return name, (sys.executable, "-c", program)


def keeper(directory: DataDirectory, child: Child, heard: list[Announcement]) -> Keeper:
    return Keeper(child, directory.logs / "child.log", Roster(directory.roster), heard.append)


async def test_a_child_that_ends_at_its_start_is_refused_with_its_last_words(
    directory: DataDirectory, heard: list[Announcement]
) -> None:
    with pytest.raises(NotStarted) as refused:
        await keeper(directory, Child(*python("broken", FAIL), never), heard).start()
    assert str(refused.value) == (
        f"broken ended with exit code 3 (no room on the device), see {directory.logs / 'child.log'}"
    )
    assert directory.roster.read_text() == "{}"


async def test_a_child_that_is_not_ready_in_time_is_killed(directory: DataDirectory, heard: list[Announcement]) -> None:
    mute = keeper(directory, Child(*python("mute", SLEEP), never, start_deadline=0.2), heard)
    with pytest.raises(NotStarted, match=r"^mute was not ready within 0\.2 s"):
        await mute.start()
    assert directory.roster.read_text() == "{}"
    assert heard == []


async def test_a_child_that_ends_again_and_again_is_started_after_longer_and_longer_pauses(
    directory: DataDirectory, heard: list[Announcement]
) -> None:
    task = asyncio.create_task(keeper(directory, Child(*python("broken", FAIL), never), heard).keep())
    await until(lambda: len(heard) == 3)
    task.cancel()
    pauses = [announcement.again_in for announcement in heard if isinstance(announcement, Ended)]
    assert pauses == [0.2, 0.4, 0.8]
    assert str(heard[0]).startswith("broken ended with exit code 3 (no room on the device), see ")


async def test_a_program_that_does_not_exist_is_an_announcement_and_not_the_end(
    directory: DataDirectory, heard: list[Announcement]
) -> None:
    task = asyncio.create_task(keeper(directory, Child("absent", ("/no/such/program",), yes), heard).keep())
    await until(lambda: len(heard) == 1)
    assert "No such file or directory" in str(heard[0])
    assert not task.done()
    task.cancel()


async def test_a_second_signal_does_not_wait_for_the_deadline(
    directory: DataDirectory, heard: list[Announcement]
) -> None:
    log = directory.logs / "deaf.log"

    async def deaf() -> bool:
        return log.stat().st_size > 0

    async with asyncio.timeout(30):
        async with Supervisor(directory, heard.append) as supervisor:
            await supervisor.start(Child(*python("deaf", STUBBORN), deaf, stop_deadline=600))
            asyncio.get_running_loop().call_soon(supervisor.interrupt)
            asyncio.get_running_loop().call_later(0.1, supervisor.interrupt)
            await asyncio.Event().wait()
    assert directory.roster.read_text() == "{}"


async def test_children_are_stopped_in_reverse_order(directory: DataDirectory, heard: list[Announcement]) -> None:
    order = directory.root / "order"
    tell = (
        f"import signal, sys; p = open({str(order)!r}, 'a'); signal.signal(15, lambda *a: (p.write(NAME), sys.exit()))"
    )
    log = directory.logs

    def child(name: str) -> Child:
        async def ready() -> bool:
            return (log / f"{name}.log").stat().st_size > 0

        return Child(*python(name, f"NAME = {name!r}; {tell}; print('x', flush=True); {SLEEP}"), ready)

    async with Supervisor(directory, heard.append) as supervisor:
        for name in "abc":
            await supervisor.start(child(name))
    assert order.read_text() == "cba"


async def test_a_child_that_does_not_start_stops_those_before_it_and_is_raised(
    directory: DataDirectory, heard: list[Announcement]
) -> None:
    async def start_both() -> None:
        async with Supervisor(directory, heard.append) as supervisor:
            await supervisor.start(Child(*python("fine", SLEEP), yes))
            await supervisor.start(Child(*python("broken", FAIL), never))

    with pytest.raises(NotStarted, match="broken"):
        await start_both()
    [fine] = pids(heard)
    assert started_at(fine) is None


async def test_a_defect_in_the_supervision_ends_the_block_and_is_raised(
    directory: DataDirectory, heard: list[Announcement]
) -> None:
    async def prepare() -> None:
        if heard:
            raise LookupError("a defect")

    async def supervise() -> None:
        async with Supervisor(directory, heard.append) as supervisor:
            await supervisor.start(Child(*python("once", SLEEP), yes, prepare))
            os.kill(pids(heard)[0], SIGKILL)
            await asyncio.Event().wait()

    with pytest.raises(LookupError, match="a defect"):
        await supervise()


def pids(heard: list[Announcement]) -> list[int]:
    return [announcement.pid for announcement in heard if isinstance(announcement, Started)]
