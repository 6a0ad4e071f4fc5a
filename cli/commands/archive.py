"""`reprise audit archive`: moves long-deleted instances out of the log, into signed files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.confirming import typed_count
from cli.output import local_time, rows_of
from schemas.counting import count_of


def archive(
    reason: options.Reason,
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Deleted, and last touched, before 2026-01-31T12:00:00Z.")
    ],
    file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="The archive; audit-TIME.jsonl.")
    ] = None,
    dry_run: options.DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Move the trails of instances that were deleted long ago, and their records, out of the log into signed files.

    Rows leave the log only once the files are verified. Reads and changes the database of REPRISE_DATABASE_URL, or of
    `reprise up` here, as the owner of its tables.
    """
    import asyncio

    from cli import archiving
    from cli.progress import counting

    moment = options.moment(before, "--before") or datetime.now(UTC)
    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    instances, rows = asyncio.run(archiving.foreseen(moment))
    print(f"{rows_of(rows, instances)}, deleted and last touched before {local_time(moment.isoformat())}.")
    if dry_run or not instances:
        return
    if not yes:
        typed_count(instances, "move them out of the log")
    name = file or Path(f"audit-{moment:%Y%m%dT%H%M%SZ}.jsonl")
    with counting() as show:
        found = asyncio.run(archiving.archive(name, moment, reason, show))
    removed = found.removed
    print(f"{rows_of(removed.rows, removed.instances)} moved to {name}, out of the log.")
    if removed.kept:
        print(f"{count_of(removed.kept, 'instance was', 'instances were')} touched meanwhile, and not removed.")
