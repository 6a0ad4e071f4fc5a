"""`reprise completion`: the script by which a shell completes commands, types of events and names of instances."""

from typing import Annotated, Literal

import typer

from cli.apps import new_app
from cli.completing import VARIABLE

app = new_app()


@app.command()
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Which shell it is for.")],
) -> None:
    """Print a shell's completion script: source <(reprise completion bash)"""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # there, only not declared

    print(get_completion_script(prog_name="reprise", complete_var=VARIABLE, shell=shell))
