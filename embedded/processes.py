"""Knows processes for certain: by id and the moment they were started, so that a reused id is never mistaken."""

import asyncio
import os
import subprocess
from pathlib import Path
from signal import SIGKILL, Signals

STILL_THERE_AFTER = 0.02


def started_at(pid: int) -> str | None:
    """When the process was started, in the system's own words; None when there is none (or only its remains)."""
    try:
        state, started = _from_proc(pid)
    except FileNotFoundError:
        return None if Path("/proc/self").exists() else _from_ps(pid)
    except ProcessLookupError:
        return None
    return None if state in "ZX" else f"{_boot()} {started}"


def is_running(pid: int, started: str) -> bool:
    """Whether this very process still runs."""
    return started_at(pid) == started


async def end(pid: int, started: str, ask: Signals, deadline: float) -> None:
    """Ask one process to end, and kill it `deadline` seconds later; returns when it is gone."""
    if not send(pid, started, ask):
        return
    if not await _gone_within(pid, started, deadline):
        send(pid, started, SIGKILL)
        await _gone_within(pid, started, deadline)


def send(pid: int, started: str, signal: Signals) -> bool:
    """Send a signal to this very process; False when it is gone."""
    if not is_running(pid, started):
        return False
    try:
        os.kill(pid, signal)
    except ProcessLookupError:
        return False
    return True


async def end_postmaster_of(data: Path) -> None:
    """End a PostgreSQL server that still runs on this data directory, and drop the pid file of one that is gone.

    PostgreSQL would refuse to start where the id in its pid file now belongs to any other process of its account.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        pid_file.unlink(missing_ok=True)
        return
    started, works_there = started_at(pid), _works_in(pid, data)
    if started is not None and works_there:
        await end(pid, started, Signals.SIGINT, 20.0)
    if started_at(pid) is None or works_there is False:
        pid_file.unlink(missing_ok=True)


def _works_in(pid: int, directory: Path) -> bool | None:
    """None where it cannot be told (no /proc, or not ours to see): PostgreSQL's own check has to decide then."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory.resolve()
    except OSError:
        return None


async def _gone_within(pid: int, started: str, deadline: float) -> bool:
    clock = asyncio.get_running_loop()
    until = clock.time() + deadline
    while is_running(pid, started):
        if clock.time() > until:
            return False
        await asyncio.sleep(STILL_THERE_AFTER)
    return True


def _from_proc(pid: int) -> tuple[str, str]:
    # proc_pid_stat(5): the name, in parentheses, may hold anything; state is field 3, the start time field 22
    fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return fields[0], fields[19]


def _boot() -> str:
    """Ticks are counted from the start of the machine, so they say nothing after another one."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _from_ps(pid: int) -> str | None:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    return found.stdout.strip() or None
