"""Brings the schema up to date with Alembic; safe to run by several at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """The schema at `revision`. Raises DependencyDown where PostgreSQL does not answer."""
    command.upgrade(_config(database_url), revision)
