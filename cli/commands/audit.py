"""`reprise audit`: reads the audit log; exports it, and checks what was exported."""

import json
from contextlib import suppress
from typing import Annotated

import typer

from cli import audit_filters as filters
from cli import audit_stats, explaining, history, options, tailing, timeline
from cli.apps import new_app
from cli.commands import exports, signing_key
from cli.commands.archive import archive
from cli.output import as_json
from cli.session import connected, instance_id

app = new_app()
app.add_typer(signing_key.app, name="key")
app.command()(exports.export)
app.command("exports")(exports.list_exports)
app.command()(exports.verify)
app.command()(archive)


@app.callback()
def audit() -> None:
    """Read the audit log; export it as signed files, and check them."""


@app.command("list")
def list_rows(
    instance: filters.Instance = None,
    customer: filters.Customer = None,
    event_type: filters.Type = None,
    actor: filters.Actor = None,
    outcome: filters.Outcome = None,
    error_code: filters.ErrorCode = None,
    from_state: filters.FromState = None,
    to_state: filters.ToState = None,
    attempt: filters.Attempt = None,
    job: filters.Job = None,
    since: filters.Since = None,
    until: filters.Until = None,
    text: filters.Text = None,
    limit: options.Limit = 100,
    output: options.Output = "table",
) -> None:
    """List rows of the audit log: the latest that fit, oldest first."""
    client = connected()
    chosen = filters.Filters(
        instance, customer, event_type, actor, outcome, error_code, from_state, to_state, attempt, job, since, until,
        text,
    )  # fmt: skip
    page = client.page("/api/audit", limit, **chosen.query(client))
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


@app.command("stats")
def show_stats(
    since: Annotated[str | None, typer.Option("--since", help="From then on; 12 weeks, unless it is given.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Of this customer's instances.")] = None,
    output: options.Output = "table",
) -> None:
    """Add up failures by cause and week, the time in each state, and retries until an instance ran."""
    found = connected().get("/api/audit/stats", since=since, customer_id=customer)
    if output == "json":
        as_json(found)
    else:
        audit_stats.show(found)


@app.command("timeline")
def show_timeline(instance: options.InstanceName, output: options.Output = "table") -> None:
    """Draw each attempt of an instance as bars: its steps, how long each took, what it waited for."""
    client = connected()
    found = client.get(f"/api/instances/{instance_id(client, instance)}/timeline")
    if output == "json":
        as_json(found)
    else:
        timeline.draw(found)
