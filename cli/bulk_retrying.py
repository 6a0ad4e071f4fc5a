"""Retries many instances: the plan first, the count typed, then followed to the end."""

import sys

import typer

from cli import exits
from cli.bulk_following import PATH, follow
from cli.client import Client, Document
from cli.confirming import can_ask, typed_count
from cli.options import Format
from cli.output import as_json, as_table
from cli.session import connected

NOTHING = "No failed instance fits; nothing is to be done."


def parsed(text: str) -> dict[str, str]:
    """`error_code=timeout,customer_id=acme` as a filter; which names there are, the API knows."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value or name in found:
            raise typer.BadParameter(f"{part!r} is no condition; write it like error_code=timeout,customer_id=acme")
        found[name] = value
    return found


def retry_many(wanted: Document, output: Format, *, dry_run: bool, yes: bool) -> int:
    """Plan it, ask, begin it and follow it; returns the exit code. Ctrl-C while it runs aborts the rest."""
    client = connected()
    plan = client.post(PATH, wanted, dry_run=True)
    if dry_run or not plan["count"]:
        return _show(plan, output)
    if not wanted.get("reason"):
        raise typer.BadParameter("say why they are retried", param_hint="--reason")
    if not yes:
        can_ask()
        _print(plan)
        typed_count(plan["count"], "retry these")
    return _begin(client, {**wanted, "expected": plan["count"]}, output)


def _begin(client: Client, wanted: Document, output: Format) -> int:
    begun = client.post(PATH, wanted)
    print(f"Begun: {begun['id']}. If this ends early: reprise retries follow {begun['id']}", file=sys.stderr)
    return follow(client, begun["id"], output, abort=True)


def _show(plan: Document, output: Format) -> int:
    if output == "json":
        as_json(plan)
    else:
        print("Nothing has been done.")
        _print(plan)
    return exits.DONE


def _print(plan: Document) -> None:
    rows = ([each["id"], each["customer_id"], each["name"], each["error_message"]] for each in plan["sample"])
    as_table(("ID", "CUSTOMER", "NAME", "ERROR"), rows, nothing=NOTHING)
    if plan["count"] > len(plan["sample"]):
        print(f"… and {plan['count'] - len(plan['sample'])} more, {plan['count']} in all.")
    for sentence in plan["lines"]:
        print(sentence)
