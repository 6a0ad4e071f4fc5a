"""`reprise show`: one instance, why it waits or failed, what to do next, and its history."""

from typing import Annotated

import typer

from cli import describe, history, options
from cli.apps import new_app
from cli.client import Document
from cli.output import as_fields, as_json, local_time
from cli.plans import span
from cli.session import connected, instance_id

app = new_app()


@app.command()
def show(
    instance: options.InstanceName,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="This many rows of its history, the latest.")
    ] = 50,
    reveal_admin_password: Annotated[
        bool, typer.Option("--reveal-admin-password", help="Show the password Odoo's user admin was given (admin).")
    ] = False,
    reason: options.Reason = "",
    output: options.Output = "table",
) -> None:
    """Show one instance: its state, why it waits or failed, and its history; or, for a reason, its admin's password."""
    if reveal_admin_password:
        _reveal(instance, reason, output)
        return
    client = connected()
    found = client.get(f"/api/instances/{instance_id(client, instance)}")
    if output == "json":
        as_json(found)
        return
    as_fields(_fields(found))
    print()
    history.print_rows(client.page("/api/audit", limit, instance_id=found["id"])["items"])


def _reveal(instance: str, reason: str, output: options.Format) -> None:
    if not reason.strip():
        raise typer.BadParameter("say why; it stands in the audit log", param_hint="--reason")
    client = connected()
    path = f"/api/instances/{instance_id(client, instance)}/reveal-admin-password"
    revealed = client.post(path, {"reason": reason})
    if output == "json":
        as_json(revealed)
        return
    note = "as it was set when the database was initialised; that it was revealed stands in the audit log"
    as_fields({"login": revealed["login"], "password": revealed["password"], "note": note})


def _fields(instance: Document) -> dict[str, object]:
    return {
        "id": instance["id"],
        "name": instance["name"],
        "customer": instance["customer_id"],
        "state": f"{instance['state']}: {describe.position(instance)}",
        "since": local_time(instance["state_since"]),
        "why": describe.waiting_line(instance) or None,
        "error": _error(instance),
        "what to do": instance["remedy"],
        "try again": describe.next_step(instance),
        "asked for": _request(instance["request"]),
        "database": _database(instance),
        "job": instance["job_id"],
        "created": local_time(instance["created_at"]),
    }


def _error(instance: Document) -> str | None:
    if instance["error_message"] is None:
        return None
    return f"{instance['error_code']}: {instance['error_message']}"


def _request(request: Document) -> str:
    shown = {**request, "patience": span(request["patience"]) if request["patience"] else None}
    return ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)


def _database(instance: Document) -> str:
    database = instance["database"]
    if database is None:
        return f"none yet ({instance['db_type']})"
    where = f"{database['database']} on {database['host']}:{database['port']}"
    return f"{where} as {database['username']} ({instance['db_type']} server {database['db_server_id']})"
