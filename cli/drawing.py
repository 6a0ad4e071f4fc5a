"""Draws the state machine: Mermaid from the table itself, SVG with Graphviz."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

from schemas.errors import DependencyDown
from statemachine.diagram import dot, mermaid

GRAPHVIZ = "graphviz-pure"
"""A port of Graphviz in one program that writes the same bytes on every platform, so that files can be compared."""


def drawn(file: Path) -> str:
    """The diagram as `file` shall hold it: SVG where it ends in .svg, else Mermaid.

    Raises DependencyDown where SVG is wanted and Graphviz is not installed.
    """
    return _svg(dot()) if file.suffix == ".svg" else mermaid()


def _svg(source: str) -> str:
    program = shutil.which(GRAPHVIZ, path=sysconfig.get_path("scripts")) or shutil.which(GRAPHVIZ)
    if program is None:
        raise DependencyDown("Graphviz", f"{GRAPHVIZ} is not installed; `pip install {GRAPHVIZ}`, or write Mermaid")
    drawing = subprocess.run([program, "-Tsvg"], input=source, capture_output=True, text=True, check=True)  # noqa: S603 - a fixed command
    return drawing.stdout
