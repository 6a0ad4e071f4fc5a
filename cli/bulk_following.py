"""Follows a bulk retry to its end: a bar on a terminal, a line for each change elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from cli import exits
from cli.client import Client, Document
from cli.options import Format
from cli.output import as_json, as_table
from cli.progress import INTERRUPTED
from schemas.errors import DependencyDown, Refused

PATH = "/api/retries"
PAUSE = 0.5
PATIENCE = 60.0
"""Seconds for which an API that does not answer is asked again."""


def follow(client: Client, bulk_id: str, output: Format, *, abort: bool) -> int:
    """Show how it goes until all is known; returns the exit code: 0 where all were verified.

    Ctrl-C ends the bulk retry with `abort`, else only the following. Raises DependencyDown after PATIENCE in vain.
    """
    looks = _looks(client, bulk_id)
    try:
        last = deque(_in_place(looks) if sys.stderr.isatty() else _line_by_line(looks), maxlen=1).pop()
    except KeyboardInterrupt:
        return _interrupted(client, bulk_id, output, abort=abort)
    return conclude(last, output)


def _looks(client: Client, bulk_id: str) -> Iterator[Document]:
    answered = time.monotonic()
    while True:
        try:
            seen = client.get(f"{PATH}/{bulk_id}")
            answered = time.monotonic()
            yield seen
            if seen["ended_at"] is not None:
                return
        except DependencyDown:
            if time.monotonic() - answered > PATIENCE:
                raise
        time.sleep(PAUSE)


def _line_by_line(looks: Iterator[Document]) -> Iterator[Document]:
    before = ""
    for seen in looks:
        if (now := line(seen)) != before:
            before = now
            print(now, file=sys.stderr, flush=True)
        yield seen


def _in_place(looks: Iterator[Document]) -> Iterator[Document]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("")
        for seen in looks:
            known = seen["total"] - seen["waiting"] - seen["under_way"]
            bar.update(task, total=seen["total"], completed=known, description=line(seen))
            yield seen


def line(seen: Document) -> str:
    """How it goes, in one line."""
    state = "paused" if seen["paused"] else seen["state"]
    counts = ("verified", "failed", "skipped", "under_way", "waiting")
    return f"{state}: " + ", ".join(f"{seen[name]} {name.replace('_', ' ')}" for name in counts)


def conclude(seen: Document, output: Format) -> int:
    """Print how it stands; returns the exit code."""
    if output == "json":
        as_json(seen)
    else:
        print(line(seen) + (f" ({seen['why']})" if seen["why"] else ""))
        if seen["setbacks"]:
            rows = ([each["instance_id"], each["outcome"], each["error"]] for each in seen["setbacks"])
            as_table(("INSTANCE", "OUTCOME", "WHY"), rows)
    return exits.DONE if seen["verified"] == seen["total"] else exits.FAILED


def _interrupted(client: Client, bulk_id: str, output: Format, *, abort: bool) -> int:
    if not abort:
        print(f"Stopped following; it goes on. End it with: reprise retries abort {bulk_id}", file=sys.stderr)
        return INTERRUPTED
    with suppress(Refused):  # it was over already, which is what it is said to be
        client.delete(f"{PATH}/{bulk_id}")
    print("Aborted: no further instance is retried; what was begun goes on.", file=sys.stderr)
    conclude(client.get(f"{PATH}/{bulk_id}"), output)
    return INTERRUPTED
