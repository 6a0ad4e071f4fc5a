"""The control plane the other tests stand on: it keeps what it was told, and what it played looks real."""

import pytest

from tests.contract.manifests import config_map
from tests.controlplane.running import ControlPlane
from tests.kubernetes.conftest import connected


@pytest.mark.parametrize("part", ["kube-apiserver", "etcd"])
async def test_what_is_killed_comes_back_with_all_that_it_was_told(own_control_plane: ControlPlane, part: str) -> None:
    async with connected(own_control_plane.kubeconfig) as cluster:
        await cluster.create("configmaps", config_map(f"before-{part}", word="kept"))
        own_control_plane.kill(part)
        await own_control_plane.start(part)
        await own_control_plane.ready()
        found = await cluster.get("configmaps", f"before-{part}")
        assert found["data"] == {"word": "kept"}
