"""Prints one row of the audit log with all that surrounds it."""

import json
from collections.abc import Iterator

from cli.client import Document
from cli.output import as_fields, as_table, local_time
from cli.past import value

_SAID = {
    "decided": "decided as row",
    "answered": "answered by row",
    "ended": "no longer awaited since row",
    "told": "told as",
    "scheduled": "due",
    "waiting": "in the outbox",
    "on_stream": "on the stream as",
    "unknown": "unknown",
    "missing": "MISSING",
}


def show(found: Document) -> None:
    """Print the row, what it changed, what caused it and what followed; gaps last, where they are not overlooked."""
    as_fields(_fields(found))
    print("\nWhat it changed:")
    as_table(("FIELD", "BEFORE", "AFTER"), map(_change, found["changes"]), nothing="  Nothing.")
    print("\nWhat followed:")
    as_table(("EVENT", "KIND", "HOW FAR"), map(_consequence, found["consequences"]), nothing="  Nothing.")
    for sentence in found["gaps"]:
        print(f"\nGap: {sentence}")


def _fields(found: Document) -> Document:
    row, cause = found["row"], found["cause"]
    return {
        "event": f"{row['type']}  {row['event_id']}",
        "instance": f"{row['instance_id']}  ({row['customer_id']})",
        "row": row["sequence"],
        "recorded": local_time(row["recorded_at"]),
        "by": row["actor"],
        "reason": row["reason"] or None,
        "attempt, step": f"{row['attempt']}, {row['step']}",
        "state": f"{row['state_before']} → {row['state_after']}",
        "outcome": row["outcome"],
        "error": row["error"],
        "job": row["correlation_id"],
        "cause": f"row {cause['sequence']}, {cause['type']}" if cause else None,
        "data": json.dumps(row["data"], ensure_ascii=False),
        "policy": json.dumps(found["policy"]),
        "hash": found["hash"],
    }


def _change(change: Document) -> tuple[str, str, str]:
    return change["field"], value(change["before"]), value(change["after"])


def _consequence(view: Document) -> tuple[str, str, str]:
    return view["type"], view["kind"], " ".join(_how_far(view))


def _how_far(view: Document) -> Iterator[str]:
    yield _SAID[view["progress"]]
    if view["row"]:
        yield f"{view['row']['sequence']}, {view['row']['type']}"
    elif view["due_at"]:
        yield str(local_time(view["due_at"]))
    if view["stream_sequence"]:
        yield f"{view['stream']} {view['stream_sequence']}"
    if view["consumer"]:
        yield f"for consumer {view['consumer']}"
    if view["note"]:
        yield f"({view['note']})"
