"""Clusters for tests: a simulated one for each test that asks for it, and the one that all of a session share."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from embedded.cluster import SimulatedCluster
from tests.controlplane.running import ControlPlane, control_plane_in
from tests.support.ports import free_port
from tests.support.running import running, running_for_session

GIVEN = "KUBECONFIG"


@pytest_asyncio.fixture
async def simulated_cluster(tmp_path: Path) -> AsyncIterator[Path]:
    """The kubeconfig of a fresh cluster with one node of 4 CPUs and 8 GiB."""
    cluster = _simulated(tmp_path / "cluster")
    async with running(cluster.child()):
        yield cluster.kubeconfig


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a real control plane: the one that KUBECONFIG names, or one made for the session.

    Every test takes a namespace of its own there, and touches nothing else that it has not made.
    """
    given = os.environ.get(GIVEN)
    if given:
        yield Path(given)
        return
    with control_plane_in(tmp_path_factory.mktemp("control-plane")) as found:
        yield found.kubeconfig


@pytest.fixture(scope="module")
def own_control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real control plane of the module's own, whose parts may be killed."""
    with control_plane_in(tmp_path_factory.mktemp("control-plane")) as found:
        yield found


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of the cluster that --cluster says; all tests share it, each in a namespace of its own."""
    if request.config.getoption("--cluster") == "kubernetes":
        yield request.getfixturevalue("control_plane")
        return
    simulated = _simulated(tmp_path_factory.mktemp("cluster"))
    with running_for_session(simulated.child()):
        yield simulated.kubeconfig


def add_option(parser: pytest.Parser) -> None:
    """`--cluster`: what the tests that fit either kind of cluster run against."""
    chosen = {"choices": ("simulated", "kubernetes"), "default": "simulated"}
    parser.addoption("--cluster", **chosen, help="simulated, or a real control plane (that of KUBECONFIG, if set)")


def leave_out_what_needs_a_cluster_of_our_own(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A cluster that somebody gave is not resized, and its kubelets really pull images and run what is in them."""
    if config.getoption("--cluster") != "kubernetes" or not os.environ.get(GIVEN):
        return
    left_out = [item for item in items if item.get_closest_marker("own_cluster") or _kills(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _kills(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "own_control_plane" in item.fixturenames


def _simulated(directory: Path) -> SimulatedCluster:
    return SimulatedCluster(directory, free_port(), directory / "kubeconfig", secrets.token_urlsafe())
