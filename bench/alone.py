"""Measures something that reads a long audit log (EVENTS rows): by a process of its own, all of it on one core."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import asyncpg

from bench.trails import fill
from embedded.directory import exclusively
from embedded.ports import choose
from embedded.postgres import Postgres
from embedded.supervisor import Supervisor
from persistence.migrate import upgrade

EVENTS = int(os.environ.get("EVENTS", "1000000"))


def run(module: str) -> int:
    """Fills a database, then runs the module with its URL; returns the exit code, and leaves nothing behind."""
    return asyncio.run(_run(module))


def peak() -> float:
    """The most memory that this program held, in MB; getrusage would tell that of the process it was forked from."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


async def _run(module: str) -> int:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as temporary, exclusively(Path(temporary) / "data") as directory:
        async with Supervisor(directory, lambda _: None) as supervisor:
            code = await _filled_and_measured(supervisor, directory.root, module)
    return code


async def _filled_and_measured(supervisor: Supervisor, root: Path, module: str) -> int:
    """By a process of its own, so that the memory is that of the measured code alone."""
    postgres = Postgres(root / "postgres", choose(), "only-for-this-measurement")
    await supervisor.start(postgres.child())
    await asyncio.to_thread(upgrade, postgres.url())
    connection = await asyncpg.connect(postgres.url())
    await fill(connection, EVENTS)
    await connection.close()
    measuring = await asyncio.create_subprocess_exec(sys.executable, "-m", module, postgres.url())
    return await measuring.wait()
