"""`reprise audit export`, `exports` and `verify`: the audit log as signed files, and whether such files still hold."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import audit_filters as filters
from cli import exits, options
from cli.output import as_json, as_table, local_time, rows_of
from cli.session import connected
from schemas.counting import count_of

if TYPE_CHECKING:
    from persistence.exports.verifying import Report
    from persistence.proving import Proved

File = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Into this file; else to stdout.")]


def export(
    reason: options.Reason,
    encoding: Annotated[Literal["jsonl", "csv"], typer.Option("--format", help="How the rows are written.")] = "jsonl",
    file: File = None,
    instance: filters.Instance = None,
    customer: filters.Customer = None,
    event_type: filters.Type = None,
    actor: filters.Actor = None,
    outcome: filters.Outcome = None,
    error_code: filters.ErrorCode = None,
    from_state: filters.FromState = None,
    to_state: filters.ToState = None,
    attempt: filters.Attempt = None,
    job: filters.Job = None,
    since: filters.Since = None,
    until: filters.Until = None,
    text: filters.Text = None,
) -> None:
    """Export all rows that fit, with a signed manifest and the heads of their trails beside FILE; verified as it comes.

    Who exports what, and why, is recorded. FILE has its name only once it is whole.
    """
    from cli import exporting
    from cli.progress import counting

    client = connected()
    chosen = filters.Filters(
        instance, customer, event_type, actor, outcome, error_code, from_state, to_state, attempt, job, since, until,
        text,
    )  # fmt: skip
    query = {"format": encoding, "reason": reason, **chosen.query(client)}
    if file is None:
        manifest = exporting.to_stdout(client, query)
        told = f"{count_of(manifest['rows'], 'row')}; their manifest: reprise audit exports {manifest['export_id']}"
        print(told, file=sys.stderr)
        return
    with counting() as show:
        found = exporting.to_file(client, file, query, show)
    print(f"{rows_of(found.manifest['rows'], found.manifest['instances'])} in {file}, signed.")
    if found.report.differing:
        _show(found.report, "")
        raise typer.Exit(exits.FAILED)


def list_exports(
    export_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Print the manifest of this one.")] = None,
    limit: options.Limit = 100,
    output: options.Output = "table",
) -> None:
    """List who exported what, and why, newest first; or print the manifest of one."""
    from cli import exporting

    if export_id is not None:
        as_json(exporting.manifest_of(connected(), export_id))
        return
    found = connected().get("/api/audit/exports", limit=limit)
    if output == "json":
        as_json(found)
        return
    columns = ("BEGUN", "EXPORT", "BY", "ROWS", "FILTERS", "REASON")
    as_table(columns, (_line(item) for item in found["items"]), nothing="Nothing was exported.")


def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An export, its manifest and heads beside it; else the log.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="Its manifest; FILE.manifest.json otherwise.")
    ] = None,
    checkpoints: Annotated[
        str | None, typer.Option("--checkpoints", metavar="FILE|stream", help="Those to compare the log with.")
    ] = None,
    archive: Annotated[
        list[Path] | None, typer.Option("--archive", metavar="FILE", help="Trails that left the log for this file.")
    ] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option("--public-key", help="ed25519:…, or a file of them; otherwise that of the key set here."),
    ] = None,
    output: options.Output = "table",
) -> None:
    """Check an export without server or database; or, without FILE, the log itself against signed checkpoints.

    Signature, every row's hash, order, completeness: of each instance the first row that differs or is missing is
    named, with exit code 1. The log is read from the database of REPRISE_DATABASE_URL, or of `reprise up` here.
    """
    import asyncio

    from cli import verifying
    from cli.progress import counting

    if (file is None and manifest is not None) or (file is not None and (checkpoints or archive)):
        raise typer.BadParameter(
            "--manifest is for a FILE, --checkpoints and --archive are for the log", param_hint="FILE"
        )
    keys = verifying.public_keys(public_key or ())
    with counting() as show:
        if file is None:
            report, about = _of_log(asyncio.run(verifying.check_log(checkpoints, archive or (), keys, show)))
        else:
            files = verifying.Files.of(file)
            files = files._replace(manifest=manifest or files.manifest)
            if not files.heads.exists():
                print(f"{files.heads} is not there: instances that are missing have no name.", file=sys.stderr)
            report = verifying.check(files, verifying.manifest_of(files.manifest), keys, show)
            about = "They are what was signed: complete, in order, every hash right."
    _tell(report, about, output)
    raise typer.Exit(exits.FAILED if report.differing else exits.DONE)


def _of_log(proved: "Proved") -> "tuple[Report, str]":
    last = proved.last or {}
    read = f"{proved.read:,}, up to number {last.get('number')} of {local_time(last.get('taken_at'))}"
    return proved.report, f"Every hash is right, and all is there that checkpoints saw ({read})."


def _tell(report: "Report", agrees: str, output: options.Format) -> None:
    if output == "json":
        differences = [each._asdict() for each in report.differences]
        as_json({"rows": report.rows, "differing": report.differing, "differences": differences})
        return
    print(f"{rows_of(report.rows, report.instances)} read.", end=" ")
    _show(report, agrees)


def _show(report: "Report", agrees: str) -> None:
    if not report.differing:
        print(agrees)
        return
    more = report.differing - len(report.differences)
    print(f"{count_of(report.differing, 'differs', 'differ')}{f' (not shown: {more:,})' if more else ''}:")
    as_table(("INSTANCE", "ROW", "DIFFERS"), report.differences)


def _line(item: dict[str, object]) -> tuple[object, ...]:
    chosen = item["filters"]
    filtered = ", ".join(f"{name}={value}" for name, value in chosen.items()) if isinstance(chosen, dict) else ""
    rows = item["rows"] if item["ended_at"] else "not complete"
    return local_time(str(item["begun_at"])), item["id"], item["actor"], rows, filtered or "all", item["reason"]
