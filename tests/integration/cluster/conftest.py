"""A namespace of its own in a cluster: the one that KUBECONFIG names, or a simulated one made for the test."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from cluster.client import Cluster
from cluster.kinds import NAMESPACE, POD
from embedded.cluster import SimulatedCluster
from schemas.settings import Settings
from tests.support.ports import free_port
from tests.support.running import running_for_session
from tests.support.waiting import until


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of the cluster to test with; all tests share it, each in a namespace of its own."""
    given = os.environ.get("KUBECONFIG")
    if given:
        yield Path(given)
        return
    directory = tmp_path_factory.mktemp("cluster")
    simulated = SimulatedCluster(directory, free_port(), directory / "kubeconfig", secrets.token_urlsafe())
    with running_for_session(simulated.child()):
        yield simulated.kubeconfig


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
