"""The fixtures every test may ask for; each is made in its own small module under tests/support."""

import pytest

from tests.support import cluster, signals
from tests.support.cluster import control_plane, kubeconfig, own_control_plane, simulated_cluster
from tests.support.engine import engine
from tests.support.nats import nats_server, nats_url
from tests.support.parts import settings
from tests.support.postgres import database, migrated_template, postgres_server

signals.restore()

__all__ = [
    "control_plane",
    "database",
    "engine",
    "kubeconfig",
    "migrated_template",
    "nats_server",
    "nats_url",
    "own_control_plane",
    "postgres_server",
    "settings",
    "simulated_cluster",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Whoever runs the tests chooses the cluster."""
    cluster.add_option(parser)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A cluster that is somebody's takes part in fewer tests."""
    cluster.leave_out_what_needs_a_cluster_of_our_own(config, items)
