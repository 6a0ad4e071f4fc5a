"""Prints rows of the audit log."""

from collections.abc import Iterable

from cli.client import Document
from cli.output import as_table, local_time

COLUMNS = ("TIME", "EVENT", "BY", "ATTEMPT", "STATE", "OUTCOME", "DETAIL")


def print_rows(rows: Iterable[Document], *, with_instance: bool = False) -> None:
    """A table of the rows, oldest first; `with_instance` says of which instance each is."""
    ordered = sorted(rows, key=lambda row: (row["recorded_at"], row["sequence"]))
    columns = ("INSTANCE", *COLUMNS) if with_instance else COLUMNS
    as_table(columns, ((row["instance_id"], *_cells(row))[not with_instance :] for row in ordered))


def line(row: Document) -> str:
    """One row by itself, for whoever follows them."""
    return "  ".join(str(cell) for cell in (row["instance_id"], *_cells(row)) if cell not in (None, ""))


def _cells(row: Document) -> tuple[object, ...]:
    before, after = row["state_before"], row["state_after"]
    return (
        local_time(row["recorded_at"]),
        row["type"],
        row["actor"],
        row["attempt"],
        after if before == after else f"{before} → {after}",
        row["outcome"],
        detail(row),
    )


def detail(row: Document) -> str:
    """What a row says beyond its type: the reason given, the cause, the receipt, why nothing happened."""
    data = row["data"]
    said = (row["reason"], row["error"], data.get("cause"), data.get("error_message"), _receipt(data))
    return "; ".join(dict.fromkeys(part for part in said if part))


def _receipt(data: Document) -> str:
    """What became of each object, where the event is a receipt (deploy.applied names its objects only)."""
    lines = [line for line in data.get("objects", ()) if isinstance(line, dict)]
    return ", ".join(f"{line['kind']} {line['name']} {line['action']}" for line in lines)
