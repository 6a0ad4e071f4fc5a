"""A simulated cluster of its own for each test that asks for one."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from embedded.cluster import SimulatedCluster
from tests.support.ports import free_port
from tests.support.running import running


@pytest_asyncio.fixture
async def simulated_cluster(tmp_path: Path) -> AsyncIterator[Path]:
    """The kubeconfig of a fresh cluster with one node of 4 CPUs and 8 GiB."""
    directory = tmp_path / "cluster"
    cluster = SimulatedCluster(directory, free_port(), directory / "kubeconfig", secrets.token_urlsafe())
    async with running(cluster.child()):
        yield cluster.kubeconfig
