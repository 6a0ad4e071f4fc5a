"""`reprise migrate`: brings the database's schema up to date."""

from cli.apps import new_app
from schemas.settings import Settings

app = new_app()


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date. Safe to run by several at once."""
    from persistence.migrate import upgrade

    upgrade(Settings.load().required("database_url").database_url)
    print("The database's schema is up to date.")
