"""`reprise migrate`: brings the database's schema up to date."""

from typing import Annotated

import typer

from cli.apps import new_app
from schemas.settings import Settings

app = new_app()


@app.command()
def migrate(
    wait: Annotated[bool, typer.Option("--wait", help="Migrate nothing: wait until somebody else has.")] = False,
) -> None:
    """Bring the database's schema up to date. Safe to run by several at once."""
    import asyncio

    from persistence.migrate import until_migrated, upgrade

    url = Settings.load().required("database_url").database_url
    if wait:
        asyncio.run(until_migrated(url))
    else:
        upgrade(url)
    print("The database's schema is up to date.")
