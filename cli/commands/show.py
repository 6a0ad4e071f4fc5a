"""`reprise show`: one instance, why it waits or failed, what to do next, and its history."""

from typing import Annotated

import typer

from cli import describe, history, options
from cli.apps import new_app
from cli.client import Document
from cli.output import as_fields, as_json, as_table, local_time
from cli.plans import span
from cli.session import connected, instance_id

app = new_app()


@app.command()
def show(
    instance: options.InstanceName,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="This many rows of its history, the latest.")
    ] = 50,
    resources: Annotated[
        bool, typer.Option("--resources", help="Show what there is of it in the cluster now, in place of its history.")
    ] = False,
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
    path = f"/api/instances/{instance_id(client, instance)}"
    if resources:
        _resources(client.get(f"{path}/resources"), output)
        return
    found = client.get(path)
    if output == "json":
        as_json(found)
        return
    as_fields(_fields(found))
    print()
    history.print_rows(client.page("/api/audit", limit, instance_id=found["id"])["items"])


def _resources(found: Document, output: options.Format) -> None:
    if output == "json":
        as_json(found)
        return
    rows = ((each["kind"], each["name"], _now(each), each["cleanup"]) for each in found["items"])
    as_table(("KIND", "NAME", "NOW", "LAST CLEAN-UP"), rows, nothing="There is nothing of it in the cluster.")


def _now(resource: Document) -> str:
    """How a resource is: whether it is there and ready, and what there is to say of it."""
    there = {True: "there", False: "not there", None: "not in the cluster"}[resource["there"]]
    ready = {True: "ready", False: "not ready" if resource["there"] else "missing", None: there}[resource["ready"]]
    return f"{ready}: {resource['says']}" if resource["says"] else ready


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
