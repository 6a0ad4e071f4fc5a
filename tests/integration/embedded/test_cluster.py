"""The embedded cluster starts with any token, and is there again, as it was, after it was killed."""

from pathlib import Path

import yaml

from embedded.cluster import SimulatedCluster
from tests.support.ports import free_port
from tests.support.running import running


async def test_it_starts_with_a_token_that_looks_like_an_option_and_again_after_kill_9(tmp_path: Path) -> None:
    directory = tmp_path / "cluster"
    cluster = SimulatedCluster(directory, free_port(), directory / "kubeconfig", "--a-token")
    async with running(cluster.child()) as process:
        first = yaml.safe_load(cluster.kubeconfig.read_text())
        process.kill()
        process.wait()
    async with running(cluster.child()):
        assert yaml.safe_load(cluster.kubeconfig.read_text()) == first
    assert first["users"][0]["user"]["token"] == "--a-token"


def test_each_test_has_a_cluster_of_its_own_and_its_kubeconfig(simulated_cluster: Path) -> None:
    server = yaml.safe_load(simulated_cluster.read_text())["clusters"][0]["cluster"]["server"]
    assert server.startswith("https://127.0.0.1:")
