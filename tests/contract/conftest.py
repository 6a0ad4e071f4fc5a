"""The cluster under test: the one KUBECONFIG names, or else a simulated one."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from kubernetes_asyncio import client, config

from embedded.cluster import SimulatedCluster
from tests.contract.client import Client
from tests.support.ports import free_port
from tests.support.running import running_for_session
from tests.support.waiting import until


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """How to reach the cluster under test."""
    given = os.environ.get("KUBECONFIG")
    if given:
        yield Path(given)
        return
    directory = tmp_path_factory.mktemp("cluster")
    simulated = SimulatedCluster(directory, free_port(), directory / "kubeconfig", secrets.token_urlsafe())
    with running_for_session(simulated.child()):
        yield simulated.kubeconfig


@pytest_asyncio.fixture
async def api(kubeconfig: Path) -> AsyncIterator[client.ApiClient]:
    """The real client library, connected."""
    configuration = client.Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    async with client.ApiClient(configuration) as found:
        yield found


@pytest_asyncio.fixture
async def cluster(api: client.ApiClient) -> AsyncIterator[Client]:
    """A client of a namespace of the test's own, which is removed with everything in it."""
    found = Client(api, f"contract-{secrets.token_hex(4)}")
    await found.create("namespaces", {"metadata": {"name": found.namespace}})
    await until(lambda: _is_usable(found), what="the namespace to be there")
    yield found
    await found.delete("namespaces", found.namespace)


async def _is_usable(found: Client) -> bool:
    return bool((await found.get("namespaces", found.namespace))["status"]["phase"] == "Active")
