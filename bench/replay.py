"""How fast `reprise replay verify` is: all on one core, PostgreSQL too (EVENTS=1000000 python -m bench.replay)."""

import asyncio
import resource
import sys
import time

from bench import alone
from persistence.replay import Selection, verify


async def measure(url: str) -> bool:
    """Verify all of it, and print what that took; whether nothing differed."""
    began = time.monotonic()
    report = await verify(url, Selection(), lambda _: None)
    seconds, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = (used.ru_utime + used.ru_stime) / report.rows * 1e6
    print(
        f"{report.rows:,} rows of {report.instances:,} instances, {report.differing} differ: {seconds:.1f} s, ", end=""
    )
    print(f"{cpu:.1f} us of CPU a row beside PostgreSQL's, {alone.peak():.0f} MB at most")
    return report.differing == 0


if __name__ == "__main__":
    sys.exit(not asyncio.run(measure(sys.argv[1])) if len(sys.argv) > 1 else alone.run("bench.replay"))
