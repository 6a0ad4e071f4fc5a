"""Prints an instance as it was at a row of its audit log, and what two such moments differ in."""

import json
import re
from typing import Any

import typer

from cli import history
from cli.client import Client, Document
from cli.options import Format
from cli.output import as_fields, as_json, as_table, local_time

_SPAN = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")


def show(client: Client, identity: str, at: str | None, sequence: int | None, output: Format) -> None:
    """The instance at that time or row."""
    found = client.get(f"/api/instances/{identity}/history", at=at, seq=sequence)
    if output == "json":
        as_json(found)
    else:
        _print(found)


def compare(client: Client, identity: str, span: str, output: Format) -> None:
    """What changed between the rows of `span`, like 3..9."""
    rows = _SPAN.fullmatch(span)
    if rows is None:
        raise typer.BadParameter(f"{span!r} names no two rows; write it like 3..9", param_hint="--diff")
    found = client.get(f"/api/instances/{identity}/history/changes", from_seq=rows[1], to_seq=rows[2])
    if output == "json":
        as_json(found)
        return
    as_fields(
        {"before": _moment(found["before"]) or "the instance did not exist yet", "after": _moment(found["after"])}
    )
    print()
    changes = ((each["field"], value(each["before"]), value(each["after"])) for each in found["changes"])
    as_table(("FIELD", "BEFORE", "AFTER"), changes, nothing="Nothing differs.")


def value(given: Any) -> str:
    """As it is where it is text, else as JSON; nothing for None."""
    return given if isinstance(given, str) else "" if given is None else json.dumps(given, ensure_ascii=False)


def _print(found: Document) -> None:
    row = found["row"]
    as_fields(
        {
            "row": f"{row['sequence']} of {found['last_sequence']}, {row['type']}, {row['outcome']}",
            "recorded": local_time(row["recorded_at"]),
            "by": row["actor"],
            "reason": row["reason"] or None,
            "error": row["error"],
            "caused by": _named(found["cause"]),
            "job begun by": _named(found["wish"]),
            "status": f"{found['status']} / {found['provisioning_status']}",
        }
    )
    print("\nThe instance then:")
    as_fields({name: value(given) for name, given in found["instance"].items() if given is not None})
    print("\nPending:")
    as_table(("EVENT", "KIND", "DUE", "SET BY"), map(_pending, found["pending"]), nothing="  Nothing.")
    print("\nObserved in this attempt:")
    facts = (
        (local_time(each["recorded_at"]), each["sequence"], each["type"], history.detail(each) or value(each["data"]))
        for each in found["observed"]
    )
    as_table(("TIME", "ROW", "FACT", "DETAIL"), facts, nothing="  Nothing.")
    for sentence in found["gaps"]:
        print(f"\nGap: {sentence}")


def _pending(each: Document) -> tuple[object, ...]:
    return each["type"], each["kind"], local_time(each["due_at"]), _named(each["set_by"])


def _named(row: Document | None) -> str | None:
    return f"row {row['sequence']}, {row['type']}" if row else None


def _moment(row: Document | None) -> str | None:
    return f"{_named(row)}, {local_time(row['recorded_at'])}" if row else None
