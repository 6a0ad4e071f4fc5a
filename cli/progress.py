"""Shows a followed job: one line that changes in place on a terminal, a line for each change elsewhere."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from cli import describe, exits
from cli.client import Client
from cli.following import Look, follow
from cli.options import Format
from cli.output import as_json
from schemas.counting import count_of

INTERRUPTED = 130
"""What shells expect of a command that Ctrl-C ended."""


def wait(client: Client, job_id: str, instance_id: str, output: Format) -> int:
    """Follow the job to its end, showing how it goes; returns the exit code. With json, only the job is on stdout."""
    stream = sys.stderr if output == "json" else sys.stdout
    try:
        last = shown(follow(client, job_id), stream)
    except KeyboardInterrupt:
        print(f"Stopped following; the attempt goes on. See it with: reprise show {instance_id}", file=sys.stderr)
        return INTERRUPTED
    if output == "json":
        as_json(last.job)
    _conclude(last, stream)
    return exits.DONE if last.succeeded else exits.FAILED


def line(look: Look) -> str:
    """What one look saw: where the instance is, and what it waits for."""
    said = look.trouble or describe.waiting_line(look.instance)
    return f"{describe.position(look.instance)}  {said}".rstrip()


def shown(looks: Iterable[Look], stream: TextIO) -> Look:
    """Show what is new in each look; returns the last, which knows how it ended, even where it shows nothing new."""
    return deque(_in_place(looks, stream) if stream.isatty() else _line_by_line(looks, stream), maxlen=1).pop()


def _line_by_line(looks: Iterable[Look], stream: TextIO) -> Iterator[Look]:
    before = None
    for look in looks:
        if (now := line(look)) != before:
            before = now
            print(f"{look.seconds:6.1f} s  {now}", file=stream, flush=True)
        yield look


def _in_place(looks: Iterable[Look], stream: TextIO) -> Iterator[Look]:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    with console.status("") as status:
        position = None
        for look in looks:
            if (now := describe.position(look.instance)) != position:
                position = now
                console.print(Text(f"{look.seconds:6.1f} s  {now}"))
            status.update(Text(f"{look.seconds:4.0f} s  {line(look)}"))
            yield look


def _conclude(last: Look, stream: TextIO) -> None:
    print(describe.ending(last.job, last.instance), file=stream)
    command = describe.next_step(last.instance)
    if command and not last.succeeded:
        print(f"Try again with: {command}", file=stream)


@contextmanager
def counting() -> Iterator[Callable[[int], None]]:
    """Shows how many rows were read so far, on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False).status("") as status:
        yield lambda rows: status.update(count_of(rows, "row"))
