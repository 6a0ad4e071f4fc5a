"""A namespace of its own in the cluster under test: a simulated one, or a real one with --cluster=kubernetes."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cluster.client import Cluster
from cluster.kinds import DEPLOYMENT, JOB, NAMESPACE, POD, STATEFUL_SET
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
            # a namespace lets 5 s pass before it begins to remove what is in it
            for kind in (DEPLOYMENT, STATEFUL_SET, JOB):
                for each in await client.select(kind):
                    await client.delete(kind, each)
            await until(lambda: _no_pods(client))


async def _no_pods(client: Cluster) -> bool:
    return not await client.select(POD)
