"""A row in a real PostgreSQL, objects in a cluster, and an effect between them whose facts are decided at once."""

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.client import Cluster
from tests.integration.cluster.conftest import cluster, cluster_settings
from tests.integration.consumers.world import World

__all__ = ["cluster", "cluster_settings"]


@pytest_asyncio.fixture
async def world(engine: AsyncEngine, cluster: Cluster) -> World:
    """One instance's surroundings; the namespace is there."""
    world = World(engine, cluster)
    await world.cluster_is_ready()
    return world
