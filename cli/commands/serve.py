"""`reprise serve`: runs Reprise's parts in this process."""

from typing import Annotated

import typer

from cli.apps import new_app
from cli.parts import PARTS

app = new_app()


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        known = ", ".join(PARTS)
        raise typer.BadParameter(f"there is no part {', '.join(unknown) or 'named'}; the parts are {known}")
    return names


@app.command()
def serve(
    only: Annotated[
        str | None, typer.Option("--only", metavar="PART,…", help=f"Only these of: {', '.join(PARTS)}.")
    ] = None,
) -> None:
    """Run Reprise's parts in this process until SIGTERM or SIGINT; what is in flight is finished then."""
    import uvloop

    from cli.serving import serve as run
    from consumers.garbage import collect_seldom
    from consumers.logs import configure
    from schemas.settings import Settings

    names = tuple(PARTS) if only is None else _names(only)
    settings = Settings.load()
    configure(settings)
    collect_seldom()
    uvloop.run(run(settings, names))
