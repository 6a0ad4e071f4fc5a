"""`reprise list`: the instances, newest first."""

from typing import Annotated

import typer

from cli import options
from cli.apps import new_app
from cli.client import Document
from cli.describe import waiting_line
from cli.output import age, as_json, as_table
from cli.session import connected

app = new_app()
COLUMNS = ("ID", "NAME", "CUSTOMER", "STATUS", "PROVISIONING", "ATTEMPT", "SINCE", "WHY")


@app.command("list")
def list_instances(
    status: Annotated[str | None, typer.Option("--status", help="Only these: running, error, creating …")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Only this customer's.")] = None,
    search: Annotated[str | None, typer.Option("--search", "-q", help="Only those with this text in them.")] = None,
    limit: options.Limit = 100,
    output: options.Output = "table",
) -> None:
    """List instances, newest first."""
    page = connected().page("/api/instances", limit, status=status, customer_id=customer, q=search)
    if output == "json":
        as_json(page)
        return
    as_table(COLUMNS, map(_row, page["items"]), nothing="There are no instances; `reprise create` asks for one.")
    if page["next_cursor"]:
        print(f"There are more than {limit}; see them with --limit.")


def _row(instance: Document) -> tuple[object, ...]:
    return (
        instance["id"],
        instance["name"],
        instance["customer_id"],
        instance["status"],
        instance["provisioning_status"],
        instance["attempt"],
        age(instance["state_since"]),
        instance["error_message"] or waiting_line(instance),
    )
