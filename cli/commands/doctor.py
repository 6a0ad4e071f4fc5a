"""`reprise doctor`: checks everything Reprise depends on."""

import asyncio
from typing import TYPE_CHECKING

import typer

from cli import exits, options
from cli.apps import new_app
from cli.output import as_json, as_table
from cli.quiet import quiet
from schemas.errors import BadSettings

if TYPE_CHECKING:
    from cli.doctor.findings import Finding

app = new_app()


@app.command()
def doctor(output: options.Output = "table") -> None:
    """Check everything Reprise depends on, and say how to mend what fails."""
    with quiet():
        findings = asyncio.run(_findings())
    healthy = all(finding.ok for finding in findings)
    if output == "json":
        as_json({"ok": healthy, "checks": [finding._asdict() for finding in findings]})
    else:
        as_table(("CHECK", "", "FOUND"), (row for finding in findings for row in _rows(finding)))
    raise typer.Exit(exits.DONE if healthy else exits.FAILED)


def _rows(finding: "Finding") -> list[tuple[str, str, str]]:
    """What was found, line by line, and under it what to do about it."""
    first, *more = finding.detail.splitlines()
    lines = more if finding.ok else [*more, f"to mend it: {finding.mend}"]
    return [(finding.name, "ok" if finding.ok else "failed", first), *(("", "", line) for line in lines)]


async def _findings() -> "list[Finding]":
    from cli.doctor.checks import CHECKS, SETTINGS
    from cli.doctor.findings import Finding, run
    from cli.local import settings_here

    try:
        settings = settings_here()
    except BadSettings as error:
        return [Finding(SETTINGS.name, False, str(error), SETTINGS.mend)]
    return await run(CHECKS, settings)
