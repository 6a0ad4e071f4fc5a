"""The commands that wish one thing of one instance: stop, start, hold, release, cancel, restore."""

import typer

from cli import options
from cli.answers import accepted
from cli.apps import new_app
from cli.catalogue import COMMANDS
from cli.describe import wish_accepted
from cli.session import connected, instance_id

app = new_app()


def _add(name: str) -> None:
    @app.command(name, help=COMMANDS[name].help)
    def command(instance: options.InstanceName, reason: options.Reason = "", output: options.Output = "table") -> None:
        client = connected()
        identity = instance_id(client, instance)
        answer = client.post(f"/api/instances/{identity}/{name}", {"reason": reason or None})
        raise typer.Exit(accepted(client, answer, identity, wish_accepted(answer), output))


for _name in ("stop", "start", "hold", "release", "cancel", "restore"):
    _add(_name)
