"""The fixtures every test may ask for; each is made in its own small module under tests/support."""

from tests.support import signals
from tests.support.cluster import simulated_cluster
from tests.support.engine import engine
from tests.support.nats import nats_server, nats_url
from tests.support.parts import settings
from tests.support.postgres import database, migrated_template, postgres_server

signals.restore()

__all__ = [
    "database",
    "engine",
    "migrated_template",
    "nats_server",
    "nats_url",
    "postgres_server",
    "settings",
    "simulated_cluster",
]
