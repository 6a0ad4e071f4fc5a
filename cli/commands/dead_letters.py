"""`reprise dead-letters`: what could not be dealt with; looked at, sent again, or dropped."""

import sys
import time
from typing import Annotated

import typer

from cli import exits, options
from cli.apps import new_app
from cli.client import Client, Document
from cli.confirming import typed_count
from cli.output import as_fields, as_json, as_table, local_time
from cli.session import connected
from schemas.errors import NotFound, Refused

PATH = "/api/dead-letters"
SAMPLE = 10
INTERRUPTED = 130

Chosen = Annotated[list[int] | None, typer.Argument(metavar="SEQUENCE...", help="Those of `dead-letters list`.")]
Error = Annotated[str, typer.Option("--error", help="All whose error contains this, instead of sequences.")]
Part = Annotated[str, typer.Option("--part", help="Only those that this part could not deal with.")]
Cap = Annotated[int, typer.Option("--max", min=1, max=1_000, help="At most this many.")]
Rate = Annotated[float, typer.Option("--rate", min=0.1, max=1_000, help="So many a second.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for the count.")]

app = new_app()


@app.callback()
def dead_letters() -> None:
    """Look at messages that could not be dealt with; send them again, or drop them."""


@app.command("list")
def list_letters(error: Error = "", part: Part = "", output: options.Output = "table") -> None:
    """List the latest thousand, grouped by their error."""
    found = connected().get(PATH)
    found["items"] = _matching(found["items"], error, part)
    if output == "json":
        as_json(found)
        return
    as_table(
        ("COUNT", "PART", "ERROR"), ((g["count"], g["part"], g["error"]) for g in found["groups"]), nothing="None."
    )
    if found["items"]:
        print()
        _table(found["items"])


@app.command()
def show(sequence: Annotated[int, typer.Argument(min=1, metavar="SEQUENCE")], output: options.Output = "table") -> None:
    """Show one: headers, data with secrets masked, and how it failed before."""
    found = connected().get(f"{PATH}/{sequence}")
    if output == "json":
        as_json(found)
        return
    names = ("sequence", "at", "subject", "part", "error", "deliveries", "data")
    as_fields({**{name: found[name] for name in names}, **found["headers"]})
    for number, failure in enumerate(found["story"], 1):
        print(f"\nFailure {number}:")
        as_fields(failure)


@app.command()
def redrive(
    sequences: Chosen = None,
    error: Error = "",
    part: Part = "",
    cap: Cap = 100,
    rate: Rate = 5,
    dry_run: options.DryRun = False,
    yes: Yes = False,
    reason: options.Reason = "",
) -> None:
    """Send messages again into the subjects they came by; each that fails again comes back with its whole story."""
    _act("redrive", _Wanted(sequences, error, part, cap), rate, reason, dry_run=dry_run, yes=yes)


@app.command()
def drop(
    sequences: Chosen = None,
    error: Error = "",
    part: Part = "",
    cap: Cap = 100,
    dry_run: options.DryRun = False,
    yes: Yes = False,
    reason: options.Reason = "",
) -> None:
    """Drop messages for good."""
    _act("drop", _Wanted(sequences, error, part, cap), 1_000, reason, dry_run=dry_run, yes=yes)


class _Wanted:
    """Which letters: those of these sequences, or those whose error and part match; the oldest first, capped."""

    def __init__(self, sequences: list[int] | None, error: str, part: str, cap: int) -> None:
        if bool(sequences) == bool(error or part):
            raise typer.BadParameter("give sequences, or say which by --error or --part", param_hint="SEQUENCE")
        self._sequences, self._error, self._part, self._cap = sequences, error, part, cap

    def of(self, client: Client) -> list[Document]:
        """The letters as they are now. Raises NotFound for a sequence that is not there."""
        if self._sequences:
            return [client.get(f"{PATH}/{sequence}") for sequence in dict.fromkeys(self._sequences)][: self._cap]
        return _matching(client.get(PATH)["items"], self._error, self._part)[::-1][: self._cap]


def _matching(items: list[Document], error: str, part: str) -> list[Document]:
    return [each for each in items if error in each["error"] and part in ("", each["part"])]


def _act(verb: str, wanted: _Wanted, rate: float, reason: str, *, dry_run: bool, yes: bool) -> None:
    if not reason and not dry_run:
        raise typer.BadParameter(f"say why you {verb} them", param_hint="--reason")
    client = connected()
    letters = wanted.of(client)
    if not letters:
        print("There is none.")
        return
    if dry_run or not yes:
        _preview(letters)
    if dry_run:
        print(f"Would {verb} {len(letters)}.")
        return
    if not yes:
        typed_count(len(letters), f"{verb} these")
    raise typer.Exit(_each(client, verb, letters, 1 / rate, reason))


def _preview(letters: list[Document]) -> None:
    _table(letters[:SAMPLE])
    if len(letters) > SAMPLE:
        print(f"… and {len(letters) - SAMPLE} more")


def _each(client: Client, verb: str, letters: list[Document], pause: float, reason: str) -> int:
    """One after the other; Ctrl-C ends it between two, and says how far it came."""
    done, failed = 0, 0
    try:
        for number, letter in enumerate(letters):
            time.sleep(pause if number else 0)
            try:
                client.post(f"{PATH}/{letter['sequence']}/{verb}", {"reason": reason})
                done += 1
            except (NotFound, Refused) as refusal:
                failed += 1
                print(f"{letter['sequence']}: {refusal}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"Stopped. {_PAST[verb]} {done} of {len(letters)}; the others are as they were.", file=sys.stderr)
        return INTERRUPTED
    print(f"{_PAST[verb]} {done} of {len(letters)}.")
    return exits.FAILED if failed else exits.DONE


_PAST = {"redrive": "Redriven:", "drop": "Dropped:"}


def _table(letters: list[Document]) -> None:
    columns = ("SEQUENCE", "AT", "PART", "BEFORE", "SUBJECT", "ERROR")
    rows = ((e["sequence"], local_time(e["at"]), e["part"], e["before"], e["subject"], e["error"]) for e in letters)
    as_table(columns, rows)
