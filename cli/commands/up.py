"""`reprise up`: everything on this machine, until Ctrl-C."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.apps import new_app

if TYPE_CHECKING:
    from embedded.announcements import Ready

app = new_app()


@app.command()
def up(
    cluster: Annotated[
        Literal["simulated", "kubernetes"] | None,
        typer.Option("--cluster", help="A simulated cluster (the default), or that of REPRISE_KUBECONFIG."),
    ] = None,
) -> None:
    """Start PostgreSQL, NATS, a simulated cluster and Reprise, and keep them running until Ctrl-C."""
    import asyncio

    from cli.local import settings_for_up
    from embedded.announcements import Announcement, Ready
    from embedded.up import startable
    from embedded.up import up as run

    def say(announcement: Announcement) -> None:
        print(announcement, flush=True)
        if isinstance(announcement, Ready):
            print(_welcome(announcement), flush=True)

    settings = startable(settings_for_up(**({"cluster": cluster} if cluster else {})))
    print("Starting everything (Ctrl-C stops it) …", flush=True)
    asyncio.run(run(settings, say))
    print("Everything is stopped; `reprise up` goes on where it was.")


def _welcome(ready: "Ready") -> str:
    return f"""
  Page    {ready.sign_in}
          (signs you in, once, within ten minutes; later with the token)
  API     {ready.url}/docs
  Token   {ready.token}  (role admin, also in {ready.data_dir}/client.json)
  Data    {ready.data_dir}

In another shell: reprise create --customer acme --name shop --wait
"""
