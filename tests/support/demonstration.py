"""`reprise demo` in a process of its own, as whoever types it runs it."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path


async def demo(directory: Path, *arguments: str, **settings: str) -> Process:
    """Started with no settings but these, and with `directory` for its temporary files."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")} | settings
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "demo", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        cwd=directory,
        env=environment | {"TMPDIR": str(directory)},
    )


async def shown_until(process: Process, text: str) -> str:
    """What it shows up to the line with `text`."""
    assert process.stdout is not None
    shown = ""
    while text not in shown:
        line = await process.stdout.readline()
        assert line, shown
        shown += line.decode()
    return shown
