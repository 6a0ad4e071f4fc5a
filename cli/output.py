"""Prints answers: the API's document as it is, or a table; Rich is loaded only for tables."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.client import Document
from schemas.counting import count_of

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

COLOURS = {
    "running": "green",
    "completed": "green",
    "error": "red",
    "failed": "red",
    "degraded": "yellow",
    "creating": "cyan",
    "provisioning": "cyan",
    "ok": "green",
    "rejected": "yellow",
    "stale": "dim",
}
ENDLESS = 10_000


def as_json(document: Document | Sequence[Document]) -> None:
    """Print the document and nothing else."""
    print(json.dumps(document, indent=2))


def rows_of(rows: int, instances: int) -> str:
    """How many rows of the audit log, and of how many instances."""
    return f"{count_of(rows, 'row')} of {count_of(instances, 'instance')}"


def as_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, nothing: str = "Nothing to show.") -> None:
    """Print rows under headings, each on one line however long, so that it can be searched and copied.

    Cells are empty for None. `nothing` is said when there are no rows.
    """
    from rich.table import Table

    listed = list(rows)
    if not listed:
        print(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(_styled(name, "bold"))
    for row in listed:
        table.add_row(*map(_cell, row))
    _show(table, ENDLESS)


def as_fields(fields: Mapping[str, Any]) -> None:
    """Print names and values under each other, folded to the width of a terminal; those that are None are left out."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value is not None:
            table.add_row(name, _cell(value))
    _show(table, None if sys.stdout.isatty() else ENDLESS)


def _show(table: "Table", width: int | None) -> None:
    """Print it without the blanks that fill up its last column. Text is taken as it is: no markup, no colours."""
    from rich.console import Console

    console = Console(width=width, markup=False, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))


def local_time(moment: str | None) -> str | None:
    """A moment of the API (ISO 8601) in the reader's own zone, to the second."""
    if moment is None:
        return None
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(moment: str) -> str:
    """How long ago a moment was, in the unit that tells most: 42s, 5m, 3h, 9d."""
    seconds = max(int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _cell(value: Any) -> "Text":
    text = "" if value is None else str(value)
    return _styled(text, COLOURS.get(text, ""))


def _styled(text: str, style: str) -> "Text":
    """Styled for as long as it is: blanks with a style would be printed, and fill lines of a terminal."""
    from rich.text import Text

    return Text.assemble((text, style))
