"""Brings the database to the present schema, in a process of its own.

The tools for it take 60 MB of memory that the supervisor would otherwise keep for as long as it runs.
"""

import sys
from collections.abc import Mapping

from embedded.once import run_once
from schemas.settings import Settings


async def migrate(environment: Mapping[str, str]) -> None:
    """Migrate the database of REPRISE_DATABASE_URL. Raises NotStarted with the reason when that fails."""
    await run_once("migration", (sys.executable, "-m", "embedded.migrating"), environment)


if __name__ == "__main__":
    from persistence.migrate import upgrade

    upgrade(Settings.load().required("database_url").database_url)
