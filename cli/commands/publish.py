"""`reprise publish`: a wish as an event, as any other system would send it."""

import json
from typing import Annotated, Any

import typer

from cli import options
from cli.answers import accepted
from cli.apps import new_app
from cli.describe import wish_accepted
from cli.session import connected, instance_id

app = new_app()


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise typer.BadParameter('must be a JSON object, like {"change": {"cpu": "2"}}')
    return found


@app.command()
def publish(
    event_type: Annotated[str, typer.Argument(metavar="TYPE", help="Type of the event, like retry.requested.")],
    instance: options.InstanceName,
    data: Annotated[Any, typer.Option("--data", parser=_object, metavar="JSON", help="The event's data.")] = None,
    reason: options.Reason = "",
    output: options.Output = "table",
) -> None:
    """Publish an event about an instance. Only wishes (*.requested) may be published by hand."""
    client = connected()
    identity = instance_id(client, instance)
    body = {"type": event_type, "data": data, "reason": reason or None}
    answer = client.post(f"/api/instances/{identity}/events", body)
    raise typer.Exit(accepted(client, answer, identity, wish_accepted(answer), output))
