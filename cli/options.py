"""Options and arguments that several commands share, so that they are spelt and explained alike."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from cli import completing

Format = Literal["table", "json"]
Output = Annotated[Format, typer.Option("--output", "-o", help="A table to read, or the API's own document.")]
_NAME = typer.Argument(metavar="ID", help="The instance's id or name.", autocompletion=completing.instances)
InstanceName = Annotated[str, _NAME]
OptionalInstanceName = Annotated[str | None, _NAME]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the attempt until it has ended; Ctrl-C stops following.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
Cpu = Annotated[str | None, typer.Option("--cpu", help="Cores, like 500m or 2.")]
Memory = Annotated[str | None, typer.Option("--memory", help="Like 1Gi.")]
Image = Annotated[str | None, typer.Option("--image", help="Container image, like odoo:18.0.")]
Profile = Annotated[str | None, typer.Option("--profile", help="Named profile.")]
DatabaseType = Annotated[
    Literal["shared", "dedicated"] | None, typer.Option("--db-type", help="Which kind of database server.")
]
Patience = Annotated[str | None, typer.Option("--patience", help="How long it may wait for room, like 90s or 24h.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most this many.")]


def moment(text: str | None, option: str) -> datetime | None:
    """The time that an option gives. Raises BadParameter where it is none, or has no zone."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-01-31T12:00:00Z", param_hint=option)
    return found.astimezone(UTC)
