"""A namespace of its own in the cluster under test: a simulated one, or a real one with --cluster=kubernetes."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cluster.client import Cluster
from cluster.kinds import NAMESPACE, POD
from schemas.settings import Settings
from tests.support.waiting import until


@pytest.fixture
def cluster_settings(kubeconfig: Path) -> Settings:
    """Settings for a fresh namespace."""
    return Settings(kubeconfig=kubeconfig, namespace=f"test-{secrets.token_hex(6)}", installation="test")


@pytest_asyncio.fixture
async def cluster(cluster_settings: Settings) -> AsyncIterator[Cluster]:
    """A client of the namespace, which is deleted at the end; its pods leave their room to the next test."""
    async with Cluster(cluster_settings) as client:
        yield client
        made = await client.get(NAMESPACE, client.namespace)
        if made is not None:
            await client.delete(NAMESPACE, made)
            await until(lambda: _no_pods(client), 20)


async def _no_pods(client: Cluster) -> bool:
    return not await client.select(POD)
