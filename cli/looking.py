"""Looks again and again at what the server does by itself: a bar on a terminal, a line for each change elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cli.client import Client, Document
from schemas.errors import DependencyDown

PAUSE = 0.5
PATIENCE = 60.0
"""Seconds for which an API that does not answer is asked again."""


class Bar(NamedTuple):
    """What is shown of a look: a line, how much there is, how much of it is done, and whether that is the end."""

    line: str
    total: int
    done: int
    over: bool


Show = Callable[[Document], Bar]


def look(client: Client, path: str, show: Show) -> Document:
    """Until it is over; returns the last look. Raises DependencyDown after PATIENCE in vain."""
    looks = _looks(client, path, show)
    watched = _in_place(looks, show) if sys.stderr.isatty() else _line_by_line(looks, show)
    return deque(watched, maxlen=1).pop()


def _looks(client: Client, path: str, show: Show) -> Iterator[Document]:
    answered = time.monotonic()
    while True:
        try:
            seen = client.get(path)
            answered = time.monotonic()
            yield seen
            if show(seen).over:
                return
        except DependencyDown:
            if time.monotonic() - answered > PATIENCE:
                raise
        time.sleep(PAUSE)


def _line_by_line(looks: Iterator[Document], show: Show) -> Iterator[Document]:
    before = ""
    for seen in looks:
        now = show(seen)
        if now.line != before and not now.over:  # how it ended is told by whoever looked
            before = now.line
            print(before, file=sys.stderr, flush=True)
        yield seen


def _in_place(looks: Iterator[Document], show: Show) -> Iterator[Document]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console) as drawn:
        task = drawn.add_task("")
        for seen in looks:
            bar = show(seen)
            drawn.update(task, total=bar.total, completed=bar.done, description=bar.line)
            yield seen
