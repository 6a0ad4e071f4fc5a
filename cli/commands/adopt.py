"""`reprise adopt`: brings in an instance that exists already, with its objects and its database as they are."""

from typing import Annotated

import typer

from cli import options, plans
from cli.answers import accepted
from cli.apps import new_app
from cli.client import Document
from cli.passwords import read_password
from cli.session import connected

app = new_app()
Names = list[str] | None


@app.command()
def adopt(
    name: Annotated[str, typer.Option("--name", help="What it shall be called here.")],
    customer: Annotated[str, typer.Option("--customer", help="Whose it is.")],
    identity: Annotated[str | None, typer.Option("--id", help="The UUID that it has elsewhere and keeps.")] = None,
    selector: Annotated[str | None, typer.Option("--selector", "-l", help="Labels of its Deployment.")] = None,
    deployment: Annotated[str | None, typer.Option("--deployment", help="Its Deployment.")] = None,
    claim: Annotated[Names, typer.Option("--claim", help="A volume claim; by default those its pods mount.")] = None,
    service: Annotated[Names, typer.Option("--service", help="A Service; by default those of its pods.")] = None,
    secret: Annotated[Names, typer.Option("--secret", help="A Secret; by default those its pods use.")] = None,
    db_server: Annotated[str | None, typer.Option("--db-server", help="Its server's id in the registry.")] = None,
    db_host: Annotated[str | None, typer.Option("--db-host", help="Where its database server is.")] = None,
    db_port: Annotated[int | None, typer.Option("--db-port", min=1, max=65_535)] = None,
    db_name: Annotated[str | None, typer.Option("--db-name", help="Its database.")] = None,
    db_user: Annotated[str | None, typer.Option("--db-user", help="Its database's role.")] = None,
    db_password_secret: Annotated[
        str | None,
        typer.Option(
            "--db-password-secret",
            metavar="NAME/KEY",
            help="The Secret and key that hold its password; "
            "without it the password is asked for, or read from standard input.",
        ),
    ] = None,
    profile: options.Profile = None,
    reason: options.Reason = "",
    dry_run: options.DryRun = False,
    output: options.Output = "table",
) -> None:
    """Bring in an instance that exists already. Nothing restarts; --dry-run shows what would be labelled."""
    body = {
        "id": identity,
        "customer_id": customer,
        "name": name,
        "objects": _given(selector=selector, deployment=deployment, claims=claim, services=service, secrets=secret),
        "request": _given(profile=profile),
        "reason": reason or None,
    }
    database = _given(server=db_server, host=db_host, port=db_port, database=db_name, username=db_user)
    if database:
        body["database"] = {**database, **_password(db_password_secret)}
    client = connected()
    if dry_run:
        raise typer.Exit(plans.show(client.post("/api/instances/adopt", body, dry_run=True), output))
    adopted = client.post("/api/instances/adopt", body)
    sentence = f"{name} was adopted as {adopted['id']}; it is {adopted['state']}"
    raise typer.Exit(accepted(client, adopted, adopted["id"], sentence, output))


def _given(**values: object) -> Document:
    return {name: value for name, value in values.items() if value}


def _password(secret: str | None) -> Document:
    if secret is None:
        return {"password": read_password()}
    name, slash, key = secret.partition("/")
    if not slash:
        raise typer.BadParameter("write it as NAME/KEY, like odoo-shop/db-password", param_hint="--db-password-secret")
    return {"password_secret": {"name": name, "key": key}}
