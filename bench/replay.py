"""How fast `reprise replay verify` and `rebuild` are (EVENTS=1000000 python -m bench.replay)."""

import asyncio
import resource
import sys
import time

from bench import alone
from persistence.rebuilding import build, operating
from persistence.replay import Selection, verify
from persistence.swapping import swap


async def measure(url: str) -> bool:
    """Verify all of it, then make the table anew, and print what that took; whether nothing differed."""
    verified = await _verify(url)
    return await _rebuild(url) and verified


async def _verify(url: str) -> bool:
    began = time.monotonic()
    report = await verify(url, Selection(), lambda _: None)
    seconds, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = (used.ru_utime + used.ru_stime) / report.rows * 1e6
    print(
        f"{report.rows:,} rows of {report.instances:,} instances, {report.differing} differ: {seconds:.1f} s, ", end=""
    )
    print(f"{cpu:.1f} us of CPU a row beside PostgreSQL's, {alone.peak():.0f} MB at most")
    return report.differing == 0


async def _rebuild(url: str) -> bool:
    async with operating(url) as connection:
        began = time.monotonic()
        report = await build(connection, lambda _: None)
        built = time.monotonic()
        await swap(connection, "operator:bench", "measured")
    print(
        f"{report.instances:,} instances made anew from {report.rows:,} rows and compared: {built - began:.1f} s, "
        f"swapped: {time.monotonic() - built:.1f} s, {alone.peak():.0f} MB at most"
    )
    return report.agrees


if __name__ == "__main__":
    sys.exit(not asyncio.run(measure(sys.argv[1])) if len(sys.argv) > 1 else alone.run("bench.replay"))
