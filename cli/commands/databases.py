"""`reprise cluster databases`: the registry of servers for shared databases."""

from typing import Annotated

import typer

from cli import options
from cli.apps import new_app
from cli.client import Document
from cli.output import as_json, as_table
from cli.passwords import read_password
from cli.session import connected

app = new_app()
PATH = "/api/database-servers"
ServerId = Annotated[str, typer.Argument(metavar="ID", help="The server's id in the registry.")]


@app.callback()
def databases() -> None:
    """List, add, drain and undrain the servers for shared databases."""


@app.command("list")
def listing(output: options.Output = "table") -> None:
    """List them: what each may hold, holds and has free, and whether it can be reached."""
    found = connected().get(PATH)
    if output == "json":
        as_json(found)
        return
    columns = ("ID", "HOST", "CAPACITY", "USED", "FREE", "DRAINED", "REACHABLE")
    as_table(columns, map(_row, found["items"]), nothing="No server for shared databases is registered.")


@app.command()
def add(
    server: ServerId,
    host: Annotated[str, typer.Option("--host", help="Where it is.")],
    user: Annotated[str, typer.Option("--user", help="An account that may create databases and roles.")],
    capacity: Annotated[int, typer.Option("--capacity", min=1, help="How many databases it may hold.")],
    port: Annotated[int, typer.Option("--port", min=1, max=65_535)] = 5432,
    output: options.Output = "table",
) -> None:
    """Add a server, or change one: its password is asked for, or read from standard input."""
    body = {"host": host, "port": port, "user": user, "password": read_password(), "capacity": capacity}
    _show(connected().call("PUT", f"{PATH}/{server}", body=body), output)


@app.command()
def drain(server: ServerId, output: options.Output = "table") -> None:
    """Give a server no further database; those that it has stay."""
    _show(connected().call("POST", f"{PATH}/{server}/drain"), output)


@app.command()
def undrain(server: ServerId, output: options.Output = "table") -> None:
    """End a drain."""
    _show(connected().call("POST", f"{PATH}/{server}/undrain"), output)


def _show(answer: Document, output: options.Format) -> None:
    if output == "json":
        as_json(answer)
    else:
        print(f"{answer['message']}.")


def _row(server: Document) -> tuple[object, ...]:
    where = f"{server['host']}:{server['port']}"
    reachable = "yes" if server["reachable"] else f"no: {server['why_not']}"
    drained = "yes" if server["drained"] else "no"
    return server["id"], where, server["capacity"], server["used"], server["free"], drained, reachable
