"""Sends past events again: the plan first, the count typed, then followed until all are sent."""

import sys
from contextlib import suppress

import typer

from cli import exits
from cli.client import Client, Document
from cli.confirming import can_ask, typed_count
from cli.looking import Bar, look
from cli.options import Format
from cli.output import as_json, as_table, local_time
from cli.progress import INTERRUPTED
from cli.session import connected
from schemas.errors import Refused

PATH = "/api/replays"
NOTHING = "No event fits; nothing is to be sent."


def replay(client: Client, wanted: Document, output: Format, *, dry_run: bool, yes: bool) -> int:
    """Plan it, ask, begin it and follow it; returns the exit code. Ctrl-C while it sends stops it."""
    plan = client.post(PATH, wanted, dry_run=True)
    if dry_run or not plan["count"]:
        return _show(plan, output)
    if not wanted.get("reason"):
        raise typer.BadParameter("say why they are sent again", param_hint="--reason")
    if not yes:
        can_ask()
        _print(plan)
        typed_count(plan["count"], "send these")
    begun = client.post(PATH, {**wanted, "where": plan["where"], "expected": plan["count"]})
    print(f"Begun: {begun['id']}", file=sys.stderr)
    return _follow(client, begun["id"], output)


def resume(replay_id: str, reason: str, output: Format) -> int:
    """Go on with one that has stopped, or only follow it where it sends; returns the exit code."""
    client = connected()
    if not reason:
        raise typer.BadParameter("say why it goes on", param_hint="--reason")
    client.post(f"{PATH}/{replay_id}/resume", {"reason": reason})
    return _follow(client, replay_id, output)


def list_replays(output: Format) -> None:
    """The latest, newest first."""
    found = connected().get(PATH)
    if output == "json":
        as_json(found)
        return
    rows = ([e["id"], local_time(e["created_at"]), e["actor"], e["to"], line(e), e["reason"]] for e in found["items"])
    as_table(("ID", "BEGUN", "ACTOR", "TO", "HOW IT GOES", "REASON"), rows)


def line(seen: Document) -> str:
    """How it goes, in one line."""
    return f"{seen['state']}: {seen['sent']} of {seen['count']} sent" + (f" ({seen['why']})" if seen["why"] else "")


def _follow(client: Client, replay_id: str, output: Format) -> int:
    try:
        last = look(client, f"{PATH}/{replay_id}", _bar)
    except KeyboardInterrupt:
        with suppress(Refused):  # it was over already, which is what it is said to be
            client.post(f"{PATH}/{replay_id}/stop", None)
        _conclude(client.get(f"{PATH}/{replay_id}"), output)
        return INTERRUPTED
    return _conclude(last, output)


def _bar(seen: Document) -> Bar:
    return Bar(line(seen), seen["count"], seen["sent"], over=seen["state"] != "sending")


def _conclude(seen: Document, output: Format) -> int:
    if output == "json":
        as_json(seen)
    else:
        print(line(seen))
    if seen["state"] == "completed":
        return exits.DONE
    print(f"Go on with: reprise replay publish --resume {seen['id']} --reason …", file=sys.stderr)
    return exits.FAILED


def _show(plan: Document, output: Format) -> int:
    if output == "json":
        as_json(plan)
    else:
        print("Nothing has been sent.")
        _print(plan)
    return exits.DONE


def _print(plan: Document) -> None:
    columns = ("RECORDED", "INSTANCE", "ROW", "TYPE", "BY", "OUTCOME")
    names = ("instance_id", "sequence", "type", "actor", "outcome")
    rows = ([local_time(each["recorded_at"]), *(each[name] for name in names)] for each in plan["sample"])
    as_table(columns, rows, nothing=NOTHING)
    if plan["count"] > len(plan["sample"]):
        print(f"… and {plan['count'] - len(plan['sample'])} more, {plan['count']} in all.")
    for sentence in plan["lines"]:
        print(sentence)
