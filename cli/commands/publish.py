"""`reprise publish`: wishes as events, as any other system would send them: one, or a file of them."""

import json
from typing import Annotated, Any

import typer

from cli import completing, options
from cli.answers import accepted
from cli.apps import new_app
from cli.describe import wish_accepted
from cli.options import Format
from cli.output import as_json
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
    event_type: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE", help="Type of the event, like retry.requested.", autocompletion=completing.wishes
        ),
    ] = None,
    instance: options.OptionalInstanceName = None,
    data: Annotated[Any, typer.Option("--data", parser=_object, metavar="JSON", help="The event's data.")] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="Events, one JSON object a line; - reads standard input."),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema", metavar="TYPE", help="Print the JSON schema of its data.", autocompletion=completing.event_types
        ),
    ] = None,
    reason: options.Reason = "",
    wait: options.Wait = False,
    dry_run: options.DryRun = False,
    output: options.Output = "table",
) -> None:
    """Publish events about instances. Only wishes (*.requested) may be published by hand."""
    single = (event_type, instance, data)
    if sum((any(each is not None for each in single), file is not None, schema is not None)) != 1:
        raise typer.BadParameter("give either TYPE and ID, or --file, or --schema")
    if schema is not None:
        _print_schema(schema)
    elif file is not None:
        from cli.publishing import publish_file

        raise typer.Exit(publish_file(file, reason, output, wait=wait, dry_run=dry_run))
    elif event_type is None or instance is None:
        raise typer.BadParameter("is missing", param_hint="ID")
    else:
        body = {"type": event_type, "data": data, "reason": reason or None}
        raise typer.Exit(_publish(instance, body, output, wait=wait, dry_run=dry_run))


def _publish(instance: str, body: dict[str, Any], output: Format, *, wait: bool, dry_run: bool) -> int:
    client = connected()
    identity = instance_id(client, instance)
    path = f"/api/instances/{identity}/events"
    if dry_run:
        from cli.publishing import foretell

        return foretell(client.post(path, body, dry_run=True), output)
    answer = client.post(path, body)
    return accepted(client, answer, identity, wish_accepted(answer), output, wait=wait)


def _print_schema(name: str) -> None:
    from schemas.cloudevents import dataschema
    from schemas.payloads import PAYLOADS
    from schemas.types import EventType

    if name not in EventType.__members__.values():
        known = ", ".join(kind.value for kind in EventType)
        raise typer.BadParameter(f"{name!r} is no event type; there are {known}", param_hint="--schema")
    event_type = EventType(name)
    as_json({"$id": dataschema(event_type), **PAYLOADS[event_type].model_json_schema()})
