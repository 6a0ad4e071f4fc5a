"""The control plane the other tests stand on: it keeps what it was told, and what it played looks real."""

import pytest
from kubernetes_asyncio import client, config

from tests.contract.client import Client
from tests.contract.manifests import config_map
from tests.controlplane.running import ControlPlane


async def connect(plane: ControlPlane) -> client.ApiClient:
    configuration = client.Configuration()
    await config.load_kube_config(config_file=str(plane.kubeconfig), client_configuration=configuration)
    return client.ApiClient(configuration)


@pytest.mark.parametrize("part", ["kube-apiserver", "etcd"])
async def test_what_is_killed_comes_back_with_all_that_it_was_told(own_control_plane: ControlPlane, part: str) -> None:
    async with await connect(own_control_plane) as api:
        cluster = Client(api, "default")
        await cluster.create("configmaps", config_map(f"before-{part}", word="kept"))
        own_control_plane.kill(part)
        await own_control_plane.start(part)
        await own_control_plane.ready()
        found = await cluster.get("configmaps", f"before-{part}")
        assert found["data"] == {"word": "kept"}
