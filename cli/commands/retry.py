"""`reprise retry`: tries an instance again that failed."""

import typer

from cli import options, plans
from cli.answers import accepted
from cli.apps import new_app
from cli.session import connected, instance_id

app = new_app()


@app.command()
def retry(
    instance: options.InstanceName,
    profile: options.Profile = None,
    cpu: options.Cpu = None,
    memory: options.Memory = None,
    image: options.Image = None,
    patience: options.Patience = None,
    reason: options.Reason = "",
    wait: options.Wait = False,
    dry_run: options.DryRun = False,
    output: options.Output = "table",
) -> None:
    """Try an instance that failed again, perhaps with a changed request. It keeps its database."""
    client = connected()
    identity = instance_id(client, instance)
    path = f"/api/instances/{identity}/retry"
    change = {"profile": profile, "cpu": cpu, "memory": memory, "image": image, "patience": patience}
    body = {**change, "reason": reason or None}
    if dry_run:
        raise typer.Exit(plans.show(client.post(path, body, dry_run=True), output))
    answer = client.post(path, body)
    sentence = f"{answer['message']} (job {answer['job_id']})"
    raise typer.Exit(accepted(client, answer, identity, sentence, output, wait=wait))
