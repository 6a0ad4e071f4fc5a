"""`reprise token`: issues a bearer token for the API."""

from datetime import timedelta
from typing import Annotated, Literal

import typer

from cli import options
from cli.apps import new_app
from cli.local import settings_here
from cli.output import as_json

app = new_app()
HOURS = 12


@app.command()
def token(
    role: Annotated[Literal["admin", "customer", "service"], typer.Option("--role", help="What it allows.")],
    customer: Annotated[str | None, typer.Option("--customer", help="Whose, for role customer.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Who uses it; the audit log names it.")] = None,
    hours: Annotated[int, typer.Option("--hours", min=1, max=24 * 366, help="How long it is valid.")] = HOURS,
    output: options.Output = "table",
) -> None:
    """Issue a bearer token for the API, signed with REPRISE_JWT_SECRET or that of the data directory."""
    from api.tokens import Role, mint_token

    if role == "customer" and customer is None:
        raise typer.BadParameter("role customer needs --customer, whose instances it lets in to")

    made = mint_token(settings_here(), Role(role), subject or customer or role, customer, timedelta(hours=hours))
    if output == "json":
        as_json({"token": made})
    else:
        print(made)
