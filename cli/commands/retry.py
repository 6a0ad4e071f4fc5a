"""`reprise retry`: tries an instance again that failed, or many."""

from collections.abc import Mapping
from typing import Annotated

import typer

from cli import options, plans
from cli.answers import accepted
from cli.apps import new_app
from cli.options import Format
from cli.session import connected, instance_id

app = new_app()


@app.command()
def retry(
    instance: options.OptionalInstanceName = None,
    profile: options.Profile = None,
    cpu: options.Cpu = None,
    memory: options.Memory = None,
    image: options.Image = None,
    patience: options.Patience = None,
    where: Annotated[
        str | None,
        typer.Option("--where", help="Many: all failed ones that fit, like error_code=timeout,customer_id=acme."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Of many: at most so many.")] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="Of many: how fast, like 5/s or 30/m.")] = None,
    stop_share: Annotated[
        float | None, typer.Option("--stop-share", help="Of many: stop when the same error comes back for more.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Of many: do not ask for the count.")] = False,
    reason: options.Reason = "",
    wait: options.Wait = False,
    dry_run: options.DryRun = False,
    output: options.Output = "table",
) -> None:
    """Try an instance that failed again, perhaps with a changed request. It keeps its database."""
    change = {"profile": profile, "cpu": cpu, "memory": memory, "image": image, "patience": patience}
    many = {"limit": limit, "rate": rate, "stop_share": stop_share}
    if where is None:
        if instance is None:
            raise typer.BadParameter("name an instance, or many by --where", param_hint="ID")
        if _any(many) or yes:
            raise typer.BadParameter("--limit, --rate, --stop-share and --yes go with --where")
        body = {**change, "reason": reason or None}
        raise typer.Exit(_retry(instance, body, output, wait=wait, dry_run=dry_run))
    if instance is not None or profile or image or wait:
        raise typer.BadParameter("goes with no ID, --profile, --image or --wait", param_hint="--where")
    from cli.bulk_retrying import parsed, retry_many

    changed = {name: value for name, value in change.items() if value is not None}
    wanted = {**many, "change": changed or None, "where": parsed(where), "reason": reason or None}
    raise typer.Exit(retry_many(wanted, output, dry_run=dry_run, yes=yes))


def _any(given: Mapping[str, object]) -> bool:
    return any(value is not None for value in given.values())


def _retry(instance: str, body: dict[str, str | None], output: Format, *, wait: bool, dry_run: bool) -> int:
    client = connected()
    identity = instance_id(client, instance)
    path = f"/api/instances/{identity}/retry"
    if dry_run:
        return plans.show(client.post(path, body, dry_run=True), output)
    answer = client.post(path, body)
    sentence = f"{answer['message']} (job {answer['job_id']})"
    return accepted(client, answer, identity, sentence, output, wait=wait)
