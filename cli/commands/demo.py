"""`reprise demo`: the whole loop on real parts, before one's eyes."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import exits
from cli.apps import new_app
from cli.output import as_json
from cli.progress import INTERRUPTED
from cli.quiet import quiet

app = new_app()


@app.command()
def demo(
    cluster: Annotated[
        Literal["simulated", "kubernetes"] | None,
        typer.Option("--cluster", help="Simulated (the default), or a real one: there, in a namespace of its own."),
    ] = None,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            "--kubeconfig",
            metavar="FILE",
            help="How to reach a real cluster; by default REPRISE_KUBECONFIG.",
            exists=True,
            dir_okay=False,
            resolve_path=True,
        ),
    ] = None,
    as_document: Annotated[bool, typer.Option("--json", help="The same as one JSON document.")] = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it there as SVG, if all of it held.")
    ] = None,
) -> None:
    """Show the whole loop on real parts: failure, cause, clean-up, retry; check it; stop. About a minute."""
    from rich.console import Console

    from embedded.demo.narration import Silent
    from embedded.demo.picture import drawn
    from embedded.demo.render import Live, document
    from embedded.demo.run import demonstrate

    given: dict[str, object] = {"cluster": cluster or ("kubernetes" if kubeconfig else "simulated")}
    if kubeconfig is not None:
        if cluster == "simulated":
            raise typer.BadParameter("a simulated cluster has its own", param_hint="--kubeconfig")
        given["kubeconfig"] = kubeconfig
    stage = Live(Console(markup=False, highlight=False, emoji=False))
    with quiet():
        report = asyncio.run(demonstrate(Silent() if as_document else stage, **given))
    if as_document:
        as_json(document(report))
    else:
        stage.conclude(report)
    if picture is not None and report.ok:
        picture.write_text(drawn(report))
    raise typer.Exit(INTERRUPTED if report.interrupted else exits.DONE if report.ok else exits.FAILED)
