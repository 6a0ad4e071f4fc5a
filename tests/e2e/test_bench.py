"""`make bench` measures on real parts and prints everything it promises; how fast a machine is, it cannot promise."""

import os
import re
import subprocess
import sys

import pytest

MEASURED = (
    "state changes per second",
    "pgbench transactions per second (8 clients)",
    "ratio",
    "CPU per state change, all processes, us",
    "latency at 400 changes/s, p50, ms",
    "latency at 400 changes/s, p99, ms",
)


@pytest.mark.timeout(240)
def test_a_short_run_prints_every_measurement() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bench"],
        env=environment | {"ROUNDS": "1", "INSTANCES": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in MEASURED:
        [row] = [line for line in done.stdout.splitlines() if f" {name} " in line]
        assert float(re.findall(r"[\d,.]+", row.partition(name)[2])[0].replace(",", "")) > 0, row
