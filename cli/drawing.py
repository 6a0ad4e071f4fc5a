"""Draws the state machine: Mermaid from the table itself, with Graphviz as SVG and as what the console draws by."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

from schemas.errors import DependencyDown
from statemachine.diagram import bare, dot, mermaid

GRAPHVIZ = "graphviz-pure"
"""A port of Graphviz in one program that writes the same bytes on every platform, so that files can be compared."""


def drawn(file: Path) -> str:
    """The diagram as `file` shall hold it: SVG where it ends in .svg, places alone in .plain, else Mermaid.

    Raises DependencyDown where one of the first two is wanted and Graphviz is not installed.
    """
    sources = {".svg": dot, ".plain": bare}
    source = sources.get(file.suffix)
    return _graphviz(source(), file.suffix.removeprefix(".")) if source else mermaid()


def _graphviz(source: str, form: str) -> str:
    program = shutil.which(GRAPHVIZ, path=sysconfig.get_path("scripts")) or shutil.which(GRAPHVIZ)
    if program is None:
        raise DependencyDown("Graphviz", f"{GRAPHVIZ} is not installed; `pip install {GRAPHVIZ}`, or write Mermaid")
    drawing = subprocess.run([program, f"-T{form}"], input=source, capture_output=True, text=True, check=True)  # noqa: S603 - of fixed commands
    return drawing.stdout
