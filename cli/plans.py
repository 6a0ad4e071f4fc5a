"""Prints the plan of a create, a retry or an adoption: what would be done, and whether it fits."""

from cli import exits
from cli.client import Document
from cli.options import Format
from cli.output import as_json, as_table


def show(plan: Document, output: Format) -> int:
    """Print it; returns the exit code: a plan that is not allowed is a refusal."""
    if output == "json":
        as_json(plan)
    else:
        _print(plan)
    return exits.DONE if plan["allowed"] else exits.FAILED


def _print(plan: Document) -> None:
    print("Nothing has been done. " + ("It would be accepted." if plan["allowed"] else f"Refused: {plan['why_not']}"))
    rows = ([line["action"], line["kind"], line["name"], line["why"]] for line in plan["lines"])
    as_table(("ACTION", "KIND", "NAME", "WHY"), rows, nothing="There is nothing to do.")
    if plan.get("state"):
        print(f"It would be {plan['state']}.")
    if "capacity" in plan:
        _print_room(plan)


def _print_room(plan: Document) -> None:
    print(room(plan["capacity"]))
    if plan["database_short"]:
        print(f"No database could be allocated now: {plan['database_short']}.")
    print(f"It would wait {span(plan['patience'])} for room before it fails; --patience 24h waits longer.")
    for note in plan["notes"]:
        print(note)


def span(seconds: float) -> str:
    """A span of time as one would give it: 90s, 15m, 24h, 7d."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def room(capacity: Document) -> str:
    """Whether it fits now, as far as one can tell, in one line."""
    fits = {True: "It fits now", False: f"It does not fit now: {capacity['short']}", None: "Whether it fits is unknown"}
    return f"{fits[capacity['fits']]} ({capacity['hint']})."
