"""`reprise delete`: into the trash, or for good at once."""

import sys
from typing import Annotated

import typer

from cli import options
from cli.answers import accepted
from cli.apps import new_app
from cli.client import Client
from cli.describe import wish_accepted
from cli.session import connected, instance_id

app = new_app()


@app.command()
def delete(
    instance: options.InstanceName,
    now: Annotated[bool, typer.Option("--now", help="At once and for good: volume and database are removed.")] = False,
    reason: options.Reason = "",
    output: options.Output = "table",
) -> None:
    """Delete an instance. One that has run is kept in the trash for some days and can be restored."""
    client = connected()
    identity = instance_id(client, instance)
    if now and sys.stdin.isatty():
        _confirm(client, identity)
    answer = client.delete(f"/api/instances/{identity}", now=now or None, reason=reason or None)
    raise typer.Exit(accepted(client, answer, identity, wish_accepted(answer), output))


def _confirm(client: Client, identity: str) -> None:
    instance = client.get(f"/api/instances/{identity}")
    owner = f"{instance['name']} of {instance['customer_id']}"
    typer.confirm(f"Remove {owner} with its volume and database, for good?", abort=True, err=True)
