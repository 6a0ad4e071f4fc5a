"""The real control plane, asked as the tests of the contract ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio
from kubernetes_asyncio import client, config

from tests.contract.client import Client


@asynccontextmanager
async def connected(kubeconfig: Path, namespace: str = "default") -> AsyncIterator[Client]:
    """A client of one namespace, as the user of this kubeconfig."""
    configuration = client.Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    async with client.ApiClient(configuration) as api:
        yield Client(api, namespace)


@pytest_asyncio.fixture
async def admin(control_plane: Path) -> AsyncIterator[Client]:
    """May do everything; looks at the namespace `default` where a kind has one."""
    async with connected(control_plane) as found:
        yield found
