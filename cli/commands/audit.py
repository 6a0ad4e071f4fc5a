"""`reprise audit`: reads the audit log."""

import json
from contextlib import suppress
from typing import Annotated

import typer

from cli import explaining, history, options, tailing, timeline
from cli.apps import new_app
from cli.output import as_json
from cli.session import connected, instance_id

app = new_app()


@app.callback()
def audit() -> None:
    """Read the audit log."""


@app.command("list")
def list_rows(
    instance: Annotated[str | None, typer.Option("--instance", metavar="ID", help="Of this instance.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Of this customer's instances.")] = None,
    event_type: Annotated[str | None, typer.Option("--type", help="Of this type, like retry.requested.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="By this actor, like cli:alice.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="applied, stale or rejected.")] = None,
    error_code: Annotated[str | None, typer.Option("--error-code", help="That failed so, like image_pull.")] = None,
    from_state: Annotated[str | None, typer.Option("--from-state", help="Decided in this state.")] = None,
    to_state: Annotated[str | None, typer.Option("--to-state", help="That led into this state, or kept it.")] = None,
    attempt: Annotated[int | None, typer.Option("--attempt", min=1, help="Of this attempt.")] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="JOB_ID", help="Of this job.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From then on, like 2026-01-31T12:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before then.")] = None,
    text: Annotated[str | None, typer.Option("--text", "-q", help="With this text in the event or its error.")] = None,
    limit: options.Limit = 100,
    output: options.Output = "table",
) -> None:
    """List rows of the audit log: the latest that fit, oldest first."""
    client = connected()
    page = client.page(
        "/api/audit",
        limit,
        instance_id=instance_id(client, instance) if instance else None,
        customer_id=customer,
        type=event_type,
        actor=actor,
        outcome=outcome,
        error_code=error_code,
        state_before=from_state,
        state_after=to_state,
        attempt=attempt,
        correlation_id=job,
        since=since,
        until=until,
        q=text,
    )
    if output == "json":
        as_json(page)
    else:
        history.print_rows(page["items"], with_instance=instance is None)
        if page["next_cursor"]:
            print(f"There are more than {limit}; see them with --limit.")


@app.command("show")
def show_row(
    event: Annotated[str, typer.Argument(metavar="EVENT_ID", help="As `reprise audit list -o json` names it.")],
    output: options.Output = "table",
) -> None:
    """Explain one row: the whole event, what it changed, its cause, and how far all that followed has come."""
    found = connected().get(f"/api/audit/{event}")
    if output == "json":
        as_json(found)
    else:
        explaining.show(found)


@app.command("follow")
def follow_rows(
    instance: Annotated[str | None, typer.Option("--instance", metavar="ID", help="Of this instance alone.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Begin with the rows from then on.")] = None,
    output: options.Output = "table",
) -> None:
    """Show rows as they are written, until Ctrl-C; outages are waited for, and nothing is missed or shown twice."""
    client = connected()
    rows = tailing.Tail(client, instance_id(client, instance) if instance else None, since).rows()
    with suppress(KeyboardInterrupt):
        for row in rows:
            print(json.dumps(row) if output == "json" else history.line(row), flush=True)


@app.command("timeline")
def show_timeline(instance: options.InstanceName, output: options.Output = "table") -> None:
    """Draw each attempt of an instance as bars: its steps, how long each took, what it waited for."""
    client = connected()
    found = client.get(f"/api/instances/{instance_id(client, instance)}/timeline")
    if output == "json":
        as_json(found)
    else:
        timeline.draw(found)
