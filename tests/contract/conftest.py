"""The cluster under test: a simulated one, or a real one with --cluster=kubernetes."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from kubernetes_asyncio import client, config

from tests.contract.client import Client
from tests.support.waiting import until


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
