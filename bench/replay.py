"""How fast `reprise replay verify` is: all on one core, PostgreSQL too (EVENTS=1000000 python -m bench.replay)."""

import asyncio
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import asyncpg

from bench.trails import fill
from embedded.directory import exclusively
from embedded.ports import choose
from embedded.postgres import Postgres
from embedded.supervisor import Supervisor
from persistence.migrate import upgrade
from persistence.replay import Selection, verify

EVENTS = int(os.environ.get("EVENTS", "1000000"))


async def measure(url: str) -> bool:
    """Verify all of it, and print what that took; whether nothing differed."""
    began = time.monotonic()
    report = await verify(url, Selection(), lambda _: None)
    seconds, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = (used.ru_utime + used.ru_stime) / report.rows * 1e6
    print(
        f"{report.rows:,} rows of {report.instances:,} instances, {report.differing} differ: {seconds:.1f} s, ", end=""
    )
    print(f"{cpu:.1f} us of CPU a row beside PostgreSQL's, {_peak():.0f} MB at most")
    return report.differing == 0


def _peak() -> float:
    """The most memory that this program held, in MB; getrusage would tell that of the process it was forked from."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


async def _filled_and_measured(supervisor: Supervisor, root: Path) -> int:
    """By a process of its own, so that the memory is that of verifying alone."""
    postgres = Postgres(root / "postgres", choose(), "only-for-this-measurement")
    await supervisor.start(postgres.child())
    await asyncio.to_thread(upgrade, postgres.url())
    connection = await asyncpg.connect(postgres.url())
    await fill(connection, EVENTS)
    await connection.close()
    measuring = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.replay", postgres.url())
    return await measuring.wait()


async def main() -> int:
    """In a directory of its own; leaves nothing behind."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as temporary, exclusively(Path(temporary) / "data") as directory:
        async with Supervisor(directory, lambda _: None) as supervisor:
            code = await _filled_and_measured(supervisor, directory.root)
    return code


if __name__ == "__main__":
    sys.exit(not asyncio.run(measure(sys.argv[1])) if len(sys.argv) > 1 else asyncio.run(main()))
