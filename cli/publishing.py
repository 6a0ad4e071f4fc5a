"""Publishes a file of events, and shows what became of each line, or what would."""

import sys
from collections.abc import Iterable, Sequence

from cli import events_file, exits
from cli.client import Client, Document
from cli.events_file import Line
from cli.following import follow
from cli.options import Format
from cli.output import as_json, as_table
from cli.progress import INTERRUPTED, shown
from cli.session import connected

COLUMNS = ("LINE", "INSTANCE", "TYPE", "OUTCOME", "BEFORE", "AFTER", "WHY")


def publish_file(path: str, reason: str, output: Format, *, wait: bool, dry_run: bool) -> int:
    """Publish all of it, or where a line is wrong nothing; returns the exit code. Raises Refused naming the line."""
    lines = events_file.read(path)
    client = connected()
    items = events_file.send(client, lines, reason, dry_run=dry_run)
    follows = wait and not dry_run
    if output == "table":
        print("Nothing has been done. This is what would be decided:" if dry_run else "Decided:")
        as_table(COLUMNS, map(_row, lines, items))
    elif not follows:
        as_json({"dry_run": dry_run, "items": items})
    refused = any(item["outcome"] == "rejected" for item in items)
    followed = _follow(client, lines, items, output) if follows else exits.DONE
    return followed or (exits.FAILED if refused else exits.DONE)


def foretell(item: Document, output: Format) -> int:
    """Show what the state machine would decide of one event; returns the exit code: a refusal fails."""
    if output == "json":
        as_json(item)
    else:
        print(f"Nothing has been done. {_sentence(item)}")
    return exits.FAILED if item["outcome"] == "rejected" else exits.DONE


def _sentence(item: Document) -> str:
    if item["outcome"] == "rejected":
        return f"{item['type']} would be refused: {item['why']}"
    return f"{item['type']} would be applied: {item['state_before']} → {item['state_after']}"


def _row(line: Line, item: Document) -> tuple[object, ...]:
    change = (item["state_before"], item["state_after"])
    return line.number, line.instance, item["type"], item["outcome"], *change, item["why"]


def _follow(client: Client, lines: Sequence[Line], items: Iterable[Document], output: Format) -> int:
    """One after the other: they go on side by side, so the last to end ends the waiting."""
    jobs: list[Document] = []
    try:
        for line, item in zip(lines, items, strict=True):
            if item["outcome"] != "rejected":
                print(f"line {line.number}, {line.instance}:", file=sys.stderr)
                jobs.append(_followed(client, item))
    except KeyboardInterrupt:
        print("Stopped following; what was begun goes on.", file=sys.stderr)
        return INTERRUPTED
    if output == "json":
        as_json({"dry_run": False, "items": jobs})
    return exits.DONE if all(job["succeeded"] for job in jobs) else exits.FAILED


def _followed(client: Client, item: Document) -> Document:
    last = shown(follow(client, item["job_id"]), sys.stderr)
    return {**last.job, "succeeded": last.succeeded}
