"""`reprise create`: asks for an instance."""

from typing import Annotated

import typer

from cli import options, plans
from cli.answers import accepted
from cli.apps import new_app
from cli.session import connected

app = new_app()


@app.command()
def create(
    name: Annotated[str, typer.Option("--name", help="What it is called: lower case letters, digits and '-'.")],
    customer: Annotated[str | None, typer.Option("--customer", help="Whose it is; by default the caller's.")] = None,
    profile: options.Profile = None,
    db_type: options.DatabaseType = None,
    cpu: options.Cpu = None,
    memory: options.Memory = None,
    volume: Annotated[str | None, typer.Option("--volume", help="Size of its volume, like 10Gi.")] = None,
    image: options.Image = None,
    patience: options.Patience = None,
    reason: options.Reason = "",
    wait: options.Wait = False,
    dry_run: options.DryRun = False,
    output: options.Output = "table",
) -> None:
    """Ask for an instance. What is left out comes from the profile and the API's defaults."""
    client = connected()
    body = {
        "customer_id": customer,
        "name": name,
        "profile": profile,
        "db_type": db_type,
        "cpu": cpu,
        "memory": memory,
        "volume": volume,
        "image": image,
        "patience": patience,
        "reason": reason or None,
    }
    if dry_run:
        raise typer.Exit(plans.show(client.post("/api/instances", body, dry_run=True), output))
    created = client.post("/api/instances", body)
    sentence = f"{name} is being created as {created['id']} (job {created['job_id']})"
    raise typer.Exit(accepted(client, created, created["id"], sentence, output, wait=wait))
