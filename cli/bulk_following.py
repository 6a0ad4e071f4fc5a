"""Follows a bulk retry to its end."""

import sys
from contextlib import suppress

from cli import exits
from cli.client import Client, Document
from cli.looking import Bar, look
from cli.options import Format
from cli.output import as_json, as_table
from cli.progress import INTERRUPTED
from schemas.errors import Refused

PATH = "/api/retries"


def follow(client: Client, bulk_id: str, output: Format, *, abort: bool) -> int:
    """Show how it goes until all is known; returns the exit code: 0 where all were verified.

    Ctrl-C ends the bulk retry with `abort`, else only the following. Raises DependencyDown as `look` does.
    """
    try:
        last = look(client, f"{PATH}/{bulk_id}", _bar)
    except KeyboardInterrupt:
        return _interrupted(client, bulk_id, output, abort=abort)
    return conclude(last, output)


def _bar(seen: Document) -> Bar:
    known = seen["total"] - seen["waiting"] - seen["under_way"]
    return Bar(line(seen), seen["total"], known, over=seen["ended_at"] is not None)


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
