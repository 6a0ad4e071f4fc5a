"""CPU time of a process and all its descendants, from /proc (Linux)."""

import os
from collections import defaultdict
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def seconds_of_descendants() -> float:
    """User and system time, in seconds, of every living process that this one started, directly or not."""
    children: dict[int, list[int]] = defaultdict(list)
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            _read(entry, children, used)
    return sum(used.get(pid, 0.0) for pid in _below(os.getpid(), children))


def _read(entry: Path, children: dict[int, list[int]], used: dict[int, float]) -> None:
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return
    pid = int(entry.name)
    children[int(fields[1])].append(pid)
    used[pid] = (int(fields[11]) + int(fields[12])) / TICK


def _below(pid: int, children: dict[int, list[int]]) -> list[int]:
    found = []
    for child in children.get(pid, []):
        found += [child, *_below(child, children)]
    return found
