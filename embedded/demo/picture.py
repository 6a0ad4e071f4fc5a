"""Draws a run of the demonstration as a picture: README's is that of a real one (`make picture`)."""

import re
from io import StringIO

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from embedded.demo.render import marked
from embedded.demo.run import Report


def drawn(report: Report) -> str:
    """The run as SVG: each step with what was seen and how long it took, and the points that held."""
    lines = [*_told(report), *(marked(point.title, point.holds) for point in report.points)]
    width = max(line.cell_len for line in lines)
    console = Console(record=True, width=width, file=StringIO())
    for line in lines:
        console.print(line)
    # in the reader's own font: a page may not let a picture load one, and it would tell another server who reads
    return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="make demo", theme=MONOKAI), flags=re.DOTALL)


def _told(report: Report) -> list[Text]:
    told = []
    for number, step in enumerate(report.steps, 1):
        told.append(Text.assemble((f"{number}. {step.title}", "bold"), (f"  {step.seconds:.1f} s", "dim")))
        told += [Text(f"   {line}") for line in step.lines]
    return [*told, Text("Checklist, against API, database and cluster", style="bold")]
