"""`reprise demo` as a newcomer runs it: whole, in a process of its own."""

import json
import os
import resource
import signal
from pathlib import Path

import psutil
import pytest

from tests.support.demonstration import demo, shown_until
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(300)
LIMIT = 30
"""Seconds of CPU that all of its processes may take together. With the 12 s for which it waits for room on purpose, a
machine of two cores that does nothing else shows it in less than a minute; how busy this one is, nobody knows."""


def cpu_of_ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def test_everything_holds_and_takes_no_more_than_it_may(tmp_path: Path) -> None:
    before = cpu_of_ended_children()
    process = await demo(tmp_path, "--json", "--picture", "demo.svg")
    out, err = await process.communicate()
    assert cpu_of_ended_children() - before < LIMIT
    document = json.loads(out)
    assert document["error"] is None
    assert [point for point in document["checklist"] if not point["holds"]] == []
    assert (process.returncode, document["ok"], err) == (0, True, b"")
    assert len(document["checklist"]) == 6
    told = "\n".join(line for step in document["steps"] for line in step["lines"])
    assert "creating/pending" in told
    assert "receipt: Deployment" in told
    assert "Instance provisioning retry queued: job " in told
    assert told.index("error/failed") < told.index("running/completed")
    assert "credentials fetched" in told
    assert "Reprise is ready at http://127.0.0.1:" in told
    assert ":8080" not in told  # that of a `reprise up` beside it
    assert all(step["seconds"] > 0 for step in document["steps"])
    assert os.listdir(tmp_path) == ["demo.svg"]


async def test_ctrl_c_stops_everything_and_leaves_nothing(tmp_path: Path) -> None:
    process = await demo(tmp_path)
    await shown_until(process, "asks for")
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 5
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130, err.decode()
    assert "Interrupted after" in out.decode()
    assert b"Traceback" not in err
    await until(lambda: not [child for child in family if child.is_running()])
    assert os.listdir(tmp_path) == []


async def test_where_it_breaks_off_it_ends_with_1_and_the_log_that_it_names_is_still_there(tmp_path: Path) -> None:
    nowhere = tmp_path / "kubeconfig"
    process = await demo(tmp_path, "--cluster", "kubernetes", REPRISE_KUBECONFIG=str(nowhere))
    out, err = await process.communicate()
    said = out.decode()
    assert (process.returncode, err) == (1, b"")
    assert "Broken off after" in said
    assert str(nowhere) in said
    log = said.rpartition(", see ")[2].strip()
    with open(log) as file:  # noqa: ASYNC230 - a small file
        assert str(nowhere) in file.read()
    [left] = os.listdir(tmp_path)
    assert os.listdir(tmp_path / left) == ["logs"]
