"""`reprise rotate`: stores every database password under the newest key."""

from cli.apps import new_app
from schemas.counting import count_of
from schemas.settings import Settings

app = new_app()


@app.command()
def rotate() -> None:
    """Store every database password under the newest of REPRISE_DATABASE_KEYS; then the older ones may be dropped."""
    import asyncio

    count = asyncio.run(_rotated(Settings.load().required("database_url", "database_keys")))
    print(f"{count_of(count, 'password is', 'passwords are')} stored under the newest key.")


async def _rotated(settings: Settings) -> int:
    from databases.secrets import Vault, rotate
    from persistence.engine import make_engine

    engine = make_engine(settings.database_url, pool_size=1)
    try:
        return await rotate(engine, Vault.of(settings))
    finally:
        await engine.dispose()
