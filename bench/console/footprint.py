"""What every process of the product uses: CPU time, and memory of which what is shared counts in parts (PSS; Linux)."""

import json
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.directory import DataDirectory


@dataclass(frozen=True)
class Footprint:
    """Of one child and all that it has started: seconds of CPU so far, bytes of memory now."""

    cpu: float
    memory: int

    def __add__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.cpu + other.cpu, self.memory + other.memory)

    def __sub__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.cpu - other.cpu, self.memory - other.memory)


def footprints(directory: DataDirectory) -> dict[str, Footprint]:
    """By the names of the children that run."""
    running = json.loads(directory.roster.read_text())
    return {name: _of(psutil.Process(entry["pid"])) for name, entry in running.items()}


def _of(child: psutil.Process) -> Footprint:
    found = Footprint(0.0, 0)
    for process in (child, *child.children(recursive=True)):
        try:
            times = process.cpu_times()
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        [pss] = [int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")]
        found += Footprint(times.user + times.system, pss * 1024)
    return found
