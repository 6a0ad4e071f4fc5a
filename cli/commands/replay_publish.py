"""`reprise replay publish`: past events once more, for another system; a client of the API, which sends them."""

from typing import Annotated, Literal

import typer

from cli import completing, options, replaying
from cli.session import connected, instance_id

Type = Annotated[
    list[str] | None,
    typer.Option("--type", help="Of this type; may be repeated.", autocompletion=completing.event_types),
]
Instance = Annotated[
    str | None,
    typer.Option("--instance", metavar="ID", help="Of this instance.", autocompletion=completing.instances),
]
Outcome = Annotated[
    Literal["applied", "stale", "rejected", "any"], typer.Option("--outcome", help="Of which this had become.")
]


def publish(
    since: Annotated[str | None, typer.Option("--since", help="From then on, like 2026-01-31T12:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before then; now, where it is not said.")] = None,
    types: Type = None,
    instance: Instance = None,
    outcome: Outcome = "applied",
    to: Annotated[str | None, typer.Option("--to", metavar="SUBJECT", help="A subject that a stream stores.")] = None,
    rate: Annotated[str, typer.Option("--rate", help="At most so often, up to 500/s.")] = "50/s",
    cap: Annotated[int, typer.Option("--max", min=1, max=1_000_000, help="At most so many, the oldest.")] = 1_000,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="REPLAY_ID", help="Go on with one that was stopped.")
    ] = None,
    dry_run: options.DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the count.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with the replay.")] = "",
    output: options.Output = "table",
) -> None:
    """Send past events again, out of the audit log, for a new consumer or another system.

    They are marked (replay: true, and the replay's id), and no part of Reprise acts upon them. Ctrl-C stops it.
    """
    if (to is None) == (resume is None):
        raise typer.BadParameter("say where to, or which replay goes on (--resume)", param_hint="--to")
    if resume is not None:
        raise typer.Exit(replaying.resume(resume, reason, output))
    client = connected()
    where = {
        "since": since,
        "until": until,
        "types": types or [],
        "instance_id": instance_id(client, instance) if instance else None,
        "outcome": outcome,
    }
    wanted = {
        "where": {name: value for name, value in where.items() if value is not None},
        "to": to,
        "rate": rate,
        "max": cap,
        "reason": reason,
    }
    raise typer.Exit(replaying.replay(client, wanted, output, dry_run=dry_run, yes=yes))


def list_replays(output: options.Output = "table") -> None:
    """List the latest replays: who sent which events where, why, and how it goes."""
    replaying.list_replays(output)
