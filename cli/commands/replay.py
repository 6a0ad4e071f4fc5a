"""`reprise replay`: decides the audit log again, looks back into it, and sends past events again.

Unlike the others `verify` and `rebuild` are no clients of the API: like `reprise migrate` they use the database
itself. Whether the records can be trusted must not be asked of the process that wrote them, a minute of computing has
no place on the loop that answers requests, a table to compare with is code of whoever calls, and a replica, a restored
backup or a database without its table of instances has no API.
"""

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import exits, options, verdict
from cli.apps import new_app
from cli.bar import Bar
from cli.commands.replay_publish import list_replays, publish

if TYPE_CHECKING:
    from consumers.surveying import Survey
    from persistence.replay import Begin, Report

app = new_app()


@app.callback()
def replay() -> None:
    """Decide the audit log again, look back into it, and send past events again."""


app.command("publish")(publish)
app.command("list")(list_replays)


@app.command()
def verify(
    instance: Annotated[str | None, typer.Argument(metavar="ID", help="One instance's id or name.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every instance.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Instances with a row since then, like 2026-01-31T12:00:00Z.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="The rows of an export or archive, not the log's.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="MODULE", help="By the EDGES of this module or file instead.")
    ] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="Compare those that rest with the cluster, too.")] = False,
    output: options.Output = "table",
) -> None:
    """Decide every row of the audit log again; compare with the rows, their hashes and the live instances.

    Names of each instance the first row that differs; exit code 1 where there is one. Reads the database of
    REPRISE_DATABASE_URL, or of `reprise up` here, under one snapshot, and changes nothing.
    """
    import asyncio

    from cli.exported import decided

    if (instance is not None) + everything + (since is not None) + (file is not None) != 1:
        raise typer.BadParameter("name one instance, or say --all, --since or --file", param_hint="ID")
    if cluster and (against is not None or file is not None):
        raise typer.BadParameter(
            "another table, or a file, says nothing of the cluster; leave one out", param_hint="--cluster"
        )
    begin, moment = _table(against), options.moment(since, "--since")
    began = time.monotonic()
    if file is None:
        report, survey = asyncio.run(_verify(instance, moment, begin, cluster=cluster))
    else:
        report, survey = decided(file, begin), None
    verdict.show(report, survey, time.monotonic() - began, output, other=against is not None, live=file is None)
    raise typer.Exit(exits.FAILED if report.differing else exits.DONE)


@app.command()
def show(
    instance: options.InstanceName,
    at: Annotated[str | None, typer.Option("--at", help="At this time, like 2026-01-31T12:00:00Z.")] = None,
    sequence: Annotated[int | None, typer.Option("--seq", min=1, help="Once this row was decided.")] = None,
    diff: Annotated[
        str | None, typer.Option("--diff", metavar="SEQ1..SEQ2", help="Instead: what changed from one row to another.")
    ] = None,
    output: options.Output = "table",
) -> None:
    """Show an instance as it was: all values, what was pending, what had been observed, and what had led there.

    Folded from the audit log alone; without a time or a row, as of the last one.
    """
    from cli import past
    from cli.session import connected, instance_id

    if sum(each is not None for each in (at, sequence, diff)) > 1:
        raise typer.BadParameter("give one of --at, --seq and --diff", param_hint="--at")
    client = connected()
    identity = instance_id(client, instance)
    if diff is not None:
        past.compare(client, identity, diff, output)
    else:
        past.show(client, identity, at, sequence, output)


@app.command()
def rebuild(
    swap: Annotated[bool, typer.Option("--swap", help="Put it in the live table's place, once confirmed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the count.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why it is swapped; it is recorded.")] = "",
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Swap although instances with a broken trail are left without a row.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="An export with rows that the audit log has lost.")
    ] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option("--public-key", help="FILE's: ed25519:…, or a file of them; otherwise that of the key set here."),
    ] = None,
    output: options.Output = "table",
) -> None:
    """Make the table `instances` anew from the audit log alone, compare it with the live one, and swap when told.

    With --from also of the rows that the log has lost and FILE has; a swap puts them back into the log.

    Made in the schema reprise_rebuilt of the database of REPRISE_DATABASE_URL, or of `reprise up` here. Exit code 1
    where they differ and nothing was swapped.
    """
    import asyncio

    from cli.local import settings_here
    from cli.rebuilding import Asked
    from cli.rebuilding import rebuild as made

    if swap and not reason:
        raise typer.BadParameter("say why it is swapped", param_hint="--reason")
    url = settings_here().required("database_url").database_url
    asked = Asked(swap, yes, reason, leave_out, file, public_key or [], output)
    raise typer.Exit(asyncio.run(made(url, asked)))


def _table(against: str | None) -> "Begin | None":
    if against is None:
        return None
    from functools import partial

    from cli.tables import load
    from persistence.verifying import OtherWay
    from statemachine.walk import walker

    return partial(OtherWay, move=walker(load(against)))


async def _verify(
    named: str | None, since: datetime | None, begin: "Begin | None", *, cluster: bool
) -> "tuple[Report, Survey | None]":
    from cli.local import settings_here
    from persistence.replay import Selection, identify, verify
    from persistence.verifying import Trail

    settings = settings_here().required("database_url")
    url = settings.database_url
    wanted = Selection(await identify(url, named) if named else None, since)
    with Bar() as bar:
        report = await verify(url, wanted, bar.show, begin or Trail)
    if not cluster:
        return report, None
    from cli.comparing import compare

    return report, await compare(settings, wanted, report)
