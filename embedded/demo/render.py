"""Shows the demonstration in a terminal or a log, live; and all of it as one document."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from embedded.demo.run import Report


class Live:
    """A stage that prints each line as soon as it is said."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._count = 0

    def begin(self, title: str) -> None:
        """A numbered heading."""
        self._count += 1
        self._print(Text(f"\n{self._count}. {title}", style="bold"))

    def line(self, seconds: float, text: str) -> None:
        """One line, with the time since the step began."""
        self._print(Text.assemble((f"{seconds:7.1f} s  ", "dim"), text))

    def end(self, seconds: float) -> None:
        """How long the step took."""
        self._print(Text(f"{seconds:7.1f} s  done", style="dim"))

    def conclude(self, report: Report) -> None:
        """The checklist, each point with what it was judged by, and one line for all of it."""
        if report.points:
            self._print(Text("\nChecklist, against API, database and cluster", style="bold"))
        for point in report.points:
            self._print(marked(point.title, point.holds))
            for finding in point.findings:
                self._print(Text.assemble("    ", marked(finding.text, finding.holds)))
        self._print(Text(f"\n{_conclusion(report)}", style="bold green" if report.ok else "bold red"))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def marked(text: str, holds: bool) -> Text:
    """A point or a finding, with whether it holds."""
    return Text.assemble(("✓ ", "green") if holds else ("✗ ", "bold red"), text)


def _conclusion(report: Report) -> str:
    after = f"after {report.seconds:.1f} s"
    if report.interrupted:
        return f"Interrupted {after}; everything is stopped."
    if report.error is not None:
        return f"Broken off {after}: {report.error}"
    held = sum(point.holds for point in report.points)
    return f"{held} of {len(report.points)} points hold, {after}."


def document(report: Report) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "ok": report.ok,
        "seconds": round(report.seconds, 2),
        "error": report.error,
        "steps": [asdict(step) for step in report.steps],
        "checklist": [
            {"point": point.title, "holds": point.holds, "findings": [finding._asdict() for finding in point.findings]}
            for point in report.points
        ],
    }
