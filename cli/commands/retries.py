"""`reprise retries`: the retries of many instances that were begun by `reprise retry --where`."""

from typing import Annotated

import typer

from cli import options
from cli.apps import new_app
from cli.bulk_following import PATH, conclude, follow, line
from cli.output import as_json, as_table, local_time
from cli.session import connected

app = new_app()
BulkId = Annotated[str, typer.Argument(metavar="ID", help="The bulk retry's id.")]


@app.callback()
def retries() -> None:
    """Follow, pause, resume or abort the retry of many instances."""


@app.command("list")
def list_retries(output: options.Output = "table") -> None:
    """The latest, newest first."""
    found = connected().get(PATH)
    if output == "json":
        as_json(found)
        return
    rows = ([each["id"], local_time(each["created_at"]), each["actor"], line(each)] for each in found["items"])
    as_table(("ID", "BEGUN", "ACTOR", "HOW IT GOES"), rows)


@app.command()
def show(bulk_id: BulkId, output: options.Output = "table") -> None:
    """How one stands."""
    conclude(connected().get(f"{PATH}/{bulk_id}"), output)


@app.command("follow")
def follow_one(bulk_id: BulkId, output: options.Output = "table") -> None:
    """Follow one until all is known; Ctrl-C stops following."""
    raise typer.Exit(follow(connected(), bulk_id, output, abort=False))


@app.command()
def pause(bulk_id: BulkId, output: options.Output = "table") -> None:
    """Begin no further retry until it is resumed."""
    conclude(connected().post(f"{PATH}/{bulk_id}/pause", None), output)


@app.command()
def resume(bulk_id: BulkId, output: options.Output = "table") -> None:
    """Go on where it was paused."""
    conclude(connected().post(f"{PATH}/{bulk_id}/resume", None), output)


@app.command()
def abort(bulk_id: BulkId, output: options.Output = "table") -> None:
    """Begin no further retry, for good; what was begun goes on."""
    conclude(connected().delete(f"{PATH}/{bulk_id}"), output)
