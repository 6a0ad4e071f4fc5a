"""Who runs, written down, so that the next start can end what a killed supervisor left behind."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import Signals

from embedded.child import Child
from embedded.directory import write_private
from embedded.processes import end, is_running, started_at


@dataclass(frozen=True)
class Entry:
    """One child: its process id, the moment it was started (ids are used again), and how it is ended."""

    pid: int
    started: str
    stop_signal: int
    stop_deadline: float


class Roster:
    """The file of running children, by name, in the order they were started."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, Entry] = {}

    def add(self, child: Child, pid: int) -> None:
        """Write down that this child runs now."""
        started = started_at(pid)
        if started is not None:
            self._entries[child.name] = Entry(pid, started, int(child.stop_signal), child.stop_deadline)
            self._write()

    def remove(self, child: Child) -> None:
        """Write down that it ended."""
        if self._entries.pop(child.name, None) is not None:
            self._write()

    def _write(self) -> None:
        write_private(self._path, {name: asdict(entry) for name, entry in self._entries.items()})


async def end_leftovers(path: Path) -> list[str]:
    """End every process in this file that still runs, last started first; returns their names."""
    ended = []
    for name, entry in reversed(_read(path).items()):
        if is_running(entry.pid, entry.started):
            await end(entry.pid, entry.started, Signals(entry.stop_signal), entry.stop_deadline)
            ended.append(name)
    return ended


def _read(path: Path) -> dict[str, Entry]:
    try:
        return {name: Entry(**entry) for name, entry in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
