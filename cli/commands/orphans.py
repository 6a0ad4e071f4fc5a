"""`reprise cluster orphans`: what no instance wants in the cluster, listed, and removed when a person says so."""

from typing import Annotated

import typer

from cli import options
from cli.client import Client, Document
from cli.confirming import can_ask, typed_count
from cli.output import as_json, as_table
from cli.session import connected

PATH = "/api/cluster/orphans"
NOTHING = "There are no orphans."


def orphans(
    remove: Annotated[bool, typer.Option("--remove", help="Remove them; the count is asked for.")] = False,
    with_data: Annotated[bool, typer.Option("--with-data", help="Those that hold data, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the count.")] = False,
    reason: options.Reason = "",
    output: options.Output = "table",
) -> None:
    """List objects of this installation whose instance is deleted or not known; with --remove, remove them."""
    client = connected()
    found = client.get(PATH)
    if not remove:
        _show(found, output)
        return
    if not reason:
        raise typer.BadParameter("say why they are not wanted", param_hint="--reason")
    unwanted = [each for each in found["items"] if with_data or not each["holds_data"]]
    if not unwanted:
        print("There is nothing to remove." if with_data else "There is nothing to remove that holds no data.")
        return
    if not yes:
        can_ask()
        as_table(("KIND", "NAME", "INSTANCE", "HOLDS DATA", "WHY"), map(_row, unwanted))
        typed_count(len(unwanted), "remove these for good")
    _show(_removed(client, len(unwanted), reason, with_data=with_data), output)


def _removed(client: Client, expected: int, reason: str, *, with_data: bool) -> Document:
    return client.post(f"{PATH}/remove", {"expected": expected, "with_data": with_data, "reason": reason})


def _show(found: Document, output: options.Format) -> None:
    if output == "json":
        as_json(found)
    else:
        as_table(("KIND", "NAME", "INSTANCE", "HOLDS DATA", "WHY"), map(_row, found["items"]), nothing=NOTHING)


def _row(orphan: Document) -> tuple[object, ...]:
    holds_data = "yes" if orphan["holds_data"] else "no"
    return orphan["kind"], orphan["name"], orphan["instance"], holds_data, orphan["why"]
