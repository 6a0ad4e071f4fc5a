"""The control plane the other tests stand on: it keeps what it was told, and what it played looks real."""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil
import pytest

from tests.contract.manifests import config_map
from tests.controlplane.running import ControlPlane
from tests.kubernetes.conftest import connected
from tests.support.waiting import until


@pytest.mark.parametrize("part", ["kube-apiserver", "etcd"])
async def test_what_is_killed_comes_back_with_all_that_it_was_told(own_control_plane: ControlPlane, part: str) -> None:
    async with connected(own_control_plane.kubeconfig) as cluster:
        await cluster.create("configmaps", config_map(f"before-{part}", word="kept"))
        own_control_plane.kill(part)
        await own_control_plane.start(part)
        await own_control_plane.ready()
        found = await cluster.get("configmaps", f"before-{part}")
        assert found["data"] == {"word": "kept"}


@pytest.mark.own_cluster
async def test_it_ends_with_whoever_started_it_however_that_ends() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.controlplane", stdout=PIPE)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode().strip()
    kubeconfig = Path(line.removeprefix("KUBECONFIG="))
    parts = psutil.Process(process.pid).children(recursive=True)
    assert {part.cmdline()[1] for part in parts} >= {"etcd", "kube-apiserver", "kubelet"}
    process.kill()
    await process.wait()
    await until(lambda: not [part for part in parts if part.is_running()])
    shutil.rmtree(kubeconfig.parent)
