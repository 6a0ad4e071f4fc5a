"""A namespace of its own in a cluster: the one that KUBECONFIG names, or a simulated one made for the test."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cluster.client import Cluster
from cluster.kinds import NAMESPACE
from schemas.settings import Settings


@pytest.fixture
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """Of the cluster to test with."""
    given = os.environ.get("KUBECONFIG")
    return Path(given) if given else request.getfixturevalue("simulated_cluster")


@pytest.fixture
def cluster_settings(kubeconfig: Path) -> Settings:
    """Settings for a fresh namespace."""
    return Settings(kubeconfig=kubeconfig, namespace=f"test-{secrets.token_hex(6)}", installation="test")


@pytest_asyncio.fixture
async def cluster(cluster_settings: Settings) -> AsyncIterator[Cluster]:
    """A client of the namespace, which is deleted at the end."""
    async with Cluster(cluster_settings) as cluster:
        yield cluster
        made = await cluster.get(NAMESPACE, cluster.namespace)
        if made is not None:
            await cluster.delete(NAMESPACE, made)
