"""What five hundred open pages cost all processes of the product together, while instances change."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.console.footprint import Footprint, footprints
from bench.console.people import customer, operator
from bench.console.standing import Standing
from bench.throughput import CHANGES_EACH, provision, publish
from bus.envelope import encode

PAGES = 500
RATE = 20
"""State changes a second."""
SECONDS = float(os.environ.get("SECONDS", "20"))
_LONGEST = 600


@dataclass(frozen=True)
class Cost:
    """Beside the same changes without any page open: cores, and bytes of memory; and what the pages have heard.

    `lost_for`: seconds until all hear again after the process that serves them was killed.
    """

    people: int
    cores: dict[str, float]
    memory: dict[str, int]
    changes: int
    lost_for: float


async def measure(found: Standing, people: int) -> Cost:
    """PAGES of so many people, each with a token of their own; half of them are operators."""
    calm, before = await _changing(found), footprints(found.directory)
    everybody = [(customer if number % 2 else operator)(found, number) for number in range(people)]
    cookies = [everybody[number % people].header["Cookie"] for number in range(PAGES)]
    held = _Held()
    async with held.open(found.settings.port, cookies):
        await held.until(ALL)
        heard = held.said["changes"]
        busy, after = await _changing(found), footprints(found.directory)
        heard = held.said["changes"] - heard
        lost_for = await _lost(found, held)
    cores = {name: (busy[name].cpu - calm[name].cpu) / SECONDS for name in before}
    memory = {name: after[name].memory - before[name].memory for name in before}
    return Cost(people, cores, memory, heard, lost_for)


async def _changing(found: Standing) -> dict[str, Footprint]:
    """What each process uses while instances change."""
    before, began, key = footprints(found.directory), time.monotonic(), found.settings.event_key_bytes
    for number in range(int(RATE / CHANGES_EACH * SECONDS)):
        await publish(found.client, [encode(provision(), key)])  # of a customer that only operators see
        await asyncio.sleep(max(0.0, began + (number + 1) * CHANGES_EACH / RATE - time.monotonic()))
    after = footprints(found.directory)
    return {name: after[name] - before[name] for name in before}


class _Held:
    """Pages that a process of its own holds, which is no part of the product; `said`: what it has last told."""

    def __init__(self) -> None:
        self.said = {"open": 0, "changes": 0}

    @asynccontextmanager
    async def open(self, port: int, cookies: Sequence[str]) -> AsyncIterator[None]:
        """While the block runs."""
        command = (sys.executable, "-m", "bench.console.open_pages", str(port), str(_LONGEST))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  # pipes
        process.stdin.write("\n".join(cookies).encode())
        process.stdin.close()
        hearing = asyncio.create_task(self._hear(process.stdout))
        try:
            yield
        finally:
            process.terminate()
            await process.wait()
            await hearing

    async def until(self, open_pages: range) -> None:
        """So many are open."""
        async with asyncio.timeout(90):
            while self.said["open"] not in open_pages:  # noqa: ASYNC110  # another process opens them
                await asyncio.sleep(0.1)

    async def _hear(self, told: asyncio.StreamReader) -> None:
        async for line in told:
            self.said = json.loads(line)


ALL = range(PAGES, PAGES + 1)


async def _lost(found: Standing, held: _Held) -> float:
    """Seconds from the end of the process that serves them until all are heard again."""
    pid = json.loads(found.directory.roster.read_text())["service"]["pid"]
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    await held.until(range(PAGES))
    await held.until(ALL)
    return time.monotonic() - began
