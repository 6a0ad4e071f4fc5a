"""Makes the table `instances` anew, shows how it differs, asks for the count, and swaps."""

import getpass
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import exits
from cli.bar import Bar
from cli.confirming import can_ask, typed_count
from cli.options import Format
from cli.output import as_json, as_table, rows_of
from cli.progress import counting
from schemas.counting import count_of
from schemas.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from persistence.exports.formats import Csv, Jsonl, Row
    from persistence.rebuilding import Report
    from persistence.swapping import Swapped

SHOWN = 20
"""Differences that the table shows; json has up to a thousand."""


_COUNTED = ("rows", "instances", "broken", "differing", "gone", "structure", "without_timers", "lacking")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said on the command line."""

    swap: bool
    yes: bool
    reason: str
    leave_out: bool
    file: Path | None
    public_key: list[str]
    output: Format


async def rebuild(url: str, asked: Asked) -> int:
    """Build, compare, and where it was asked for and confirmed, swap; returns the exit code."""
    from persistence.rebuilding import build, operating
    from persistence.swapping import swap

    if asked.swap and not asked.yes:
        can_ask()
    rows = _believed(asked.file, asked.public_key) if asked.file is not None else ()
    async with operating(url) as connection:
        began = time.monotonic()
        with Bar() as bar:
            report = await build(connection, bar.show, rows)
        if asked.output == "table":
            _show(report, time.monotonic() - began)
        if not asked.swap or report.agrees:
            return _conclude(asked, report, None)
        if not asked.yes:
            typed_count(report.instances - report.broken, "put the rebuilt rows in place of the live table")
        done = await swap(connection, f"operator:{getpass.getuser()}", asked.reason, leave_out=asked.leave_out)
    return _conclude(asked, report, done)


def _believed(file: Path, public_key: list[str]) -> "Iterator[Row]":
    """The rows of an export. Raises Refused where it is not as it was signed, BadInput where it cannot be read."""
    from cli import verifying
    from persistence.exports.formats import FORMATS

    files = verifying.Files.of(file)
    manifest = verifying.manifest_of(files.manifest)
    with counting() as show:
        report = verifying.check(files, manifest, verifying.public_keys(public_key), show)
    if report.differing:
        raise Refused(f"{file} is not what was signed; `reprise audit verify {file}` names what differs")
    return _rows(file, FORMATS[manifest["format"]])


def _rows(file: Path, encoding: "type[Jsonl] | type[Csv]") -> "Iterator[Row]":
    with file.open("rb") as lines:
        yield from encoding.decode(lines)


def _conclude(asked: Asked, report: "Report", done: "Swapped | None") -> int:
    if asked.output == "json":
        as_json(_document(report, done))
    elif done is not None:
        print(_said(done, report.gone))
    elif report.agrees:
        print("It is what the live table is; nothing is to be swapped.")
    else:
        print("The live table has not been touched; --swap puts the rebuilt one in its place.")
    return exits.DONE if done is not None or report.agrees else exits.FAILED


def _document(report: "Report", done: "Swapped | None") -> dict[str, Any]:
    differences = [{**each._asdict(), "instance_id": str(each.instance_id)} for each in report.differences]
    breaks = [{"instance_id": str(each.instance_id), "row": each.sequence, "why": each.why} for each in report.breaks]
    counts = {name: getattr(report, name) for name in _COUNTED}
    swapped = asdict(done) if done is not None else None
    return {**counts, "breaks": breaks, "differences": differences, "swapped": swapped}


def _show(report: "Report", seconds: float) -> None:
    print(f"{rows_of(report.rows, report.instances)} decided again in {seconds:.1f} s.")
    if report.lacking:
        print(f"Of them, {count_of(report.lacking, 'row is', 'rows are')} in the file, and not in the audit log.")
    if report.breaks:
        print(f"\nTrails that are broken, of which no row is made: {report.broken:,}")
        broken = ((each.instance_id, each.sequence, each.why) for each in report.breaks[:SHOWN])
        as_table(("INSTANCE", "ROW", "WHY"), broken)
    for line in report.structure:
        print(f"The live table is {line}.")
    if report.gone:
        print(f"There is no table instances; the audit log makes {count_of(report.differing, 'row')} of it.")
    elif listed := report.differences[:SHOWN]:
        print(f"\nRows that differ: {report.differing:,}")
        rows = ((each.instance_id, each.field, _brief(each.live), _brief(each.rebuilt)) for each in listed)
        as_table(("INSTANCE", "FIELD", "LIVE", "REBUILT"), rows)
    if report.without_timers:
        print(f"\nInstances on their way without their timers: {report.without_timers:,}")
    print()


def _brief(value: Any) -> str | None:
    text = None if value is None else str(value)
    return text if text is None or len(text) <= 60 else f"{text[:57]}..."


def _said(done: "Swapped", gone: bool) -> str:
    more = [f"{count_of(done.differed, 'differs', 'differ')} from the live table's"]
    if done.kept:
        more.append(f"{count_of(done.kept, 'row')} with a broken trail taken over from it")
    if done.left_out:
        more.append(f"{count_of(done.left_out, 'instance')} with a broken trail left out")
    more.append(f"{count_of(done.timers, 'timer was', 'timers were')} put back")
    if done.restored:
        more.append(f"{count_of(done.restored, 'row was', 'rows were')} put back into the audit log")
    kept = "" if gone else "\nThe table as it was: reprise_replaced.instances."
    return f"Swapped in {count_of(done.instances, 'row')}: {'; '.join(more)}.{kept}"
