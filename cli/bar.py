"""A bar of rows on a terminal, and nothing elsewhere."""

import sys
from typing import Protocol


class Counted(Protocol):
    """How many rows there are, and how many have been read."""

    total: int
    rows: int


class Bar:
    """Shown while its block runs, on stderr, and gone afterwards."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), "rows", TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, report: Counted) -> None:
        """How far it is."""
        self._progress.update(self._task, completed=report.rows, total=report.total)
