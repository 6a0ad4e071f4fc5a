"""`reprise diagram`: the state machine as a picture, generated from its table."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.apps import new_app
from schemas.errors import Refused

app = new_app()


@app.command()
def diagram(
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Write it there.")] = None,
    check: Annotated[Path | None, typer.Option("--check", metavar="FILE", help="Fail if that file differs.")] = None,
) -> None:
    """Print the state machine's diagram as Mermaid, write it, or check a written one; SVG where FILE ends so."""
    from cli.drawing import drawn

    if write is not None:
        write.write_text(drawn(write))
    if check is not None:
        _compare(check, drawn(check))
    if write is None and check is None:
        sys.stdout.write(drawn(Path("-")))


def _compare(file: Path, expected: str) -> None:
    if not file.is_file() or file.read_text() != expected:
        raise Refused(f"{file} is not what the state table says; write it anew with `reprise diagram --write {file}`")
    print(f"{file} is up to date.")
