"""`reprise demo` as a newcomer runs it: whole, in a process of its own."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import psutil

from tests.support.waiting import until

LIMIT = 60
"""Seconds that the demonstration may take."""


async def demo(directory: Path, *arguments: str) -> Process:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "demo", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        cwd=directory,
        env=environment | {"TMPDIR": str(directory)},
    )


async def test_everything_holds_within_a_minute(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--json")
    out, err = await process.communicate()
    document = json.loads(out)
    assert document["error"] is None
    assert [point for point in document["checklist"] if not point["holds"]] == []
    assert (process.returncode, document["ok"], err) == (0, True, b"")
    assert len(document["checklist"]) == 6
    assert document["seconds"] < LIMIT
    told = "\n".join(line for step in document["steps"] for line in step["lines"])
    assert "creating/pending" in told
    assert "receipt: Deployment" in told
    assert "Instance provisioning retry queued: job " in told
    assert told.index("error/failed") < told.index("running/completed")
    assert all(step["seconds"] > 0 for step in document["steps"])
    assert os.listdir(tmp_path) == []


async def test_ctrl_c_stops_everything_and_leaves_nothing(tmp_path: Path) -> None:
    process = await demo(tmp_path)
    assert process.stdout is not None
    shown = ""
    while "asks for" not in shown:
        line = await process.stdout.readline()
        assert line, shown
        shown += line.decode()
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 5
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130, err.decode()
    assert "Interrupted after" in out.decode()
    assert b"Traceback" not in err
    await until(lambda: not [child for child in family if child.is_running()], 10)
    assert os.listdir(tmp_path) == []
