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


QUERIES = ("everything", "of a customer, one type", "text that is nowhere")


def test_the_queries_of_the_audit_log_are_measured_one_by_one() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.audit"],
        env=environment | {"AUDIT_ROWS": "2000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in QUERIES:
        [row] = [line for line in done.stdout.splitlines() if f" {name} " in line]
        first, median, slowest = map(float, re.findall(r"[\d.]+", row.partition(name)[2]))
        assert 0 < min(first, median) <= slowest, row


@pytest.mark.timeout(240)
def test_the_pages_of_the_console_and_what_is_open_of_them_are_measured() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.console"],
        env=environment | {"INSTANCES": "2000", "LOOKS": "3", "SECONDS": "3", "PATH": "/usr/sbin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Largest paints are skipped: no Chromium is installed" in done.stdout
    for page in ("overview", "a row's story", "dead letters"):
        row = next(line for line in done.stdout.splitlines() if f" {page} " in line)
        half, most, slowest = map(float, re.findall(r"[\d.]+", row.partition(page)[2])[:3])
        assert 0 < half <= most, row
        assert half <= slowest, row
    assert "500 open pages of 1," in done.stdout
    assert re.search(r"They heard [\d,]{5,} changes; .* all heard again [\d.]+ s later", done.stdout)
