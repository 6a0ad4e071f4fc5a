"""Room: who does not fit waits and says why, and is placed as soon as there is room."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio

from embedded.simulated.quantities import parse
from tests.contract.client import Client, Object
from tests.contract.manifests import claim, deployment, mounting, pod_spec
from tests.contract.seeing import condition, the_pod, until_ready, until_unschedulable
from tests.support.waiting import until

# The storage class that neither cluster has a provisioner for.
_NO_PROVISIONER = "none"


@pytest_asyncio.fixture
async def node(cluster: Client) -> Object:
    """The largest node."""
    return max(await cluster.items("nodes"), key=_cores)


@pytest_asyncio.fixture
async def growing_node(cluster: Client, node: Object) -> AsyncIterator[Object]:
    """The largest node; its size is put back afterwards."""
    yield node
    await _resize(cluster, node, node["status"]["allocatable"]["cpu"])


async def _resize(cluster: Client, node: Object, cpu: str) -> None:
    change = {"status": {"capacity": {"cpu": cpu}, "allocatable": {"cpu": cpu}}}
    await cluster.patch("nodes", node["metadata"]["name"], change, "status")


def _cores(node: Object) -> Decimal:
    return parse(node["status"]["allocatable"]["cpu"])


async def test_too_much_cpu_is_said_on_the_pod(cluster: Client, node: Object) -> None:
    too_much = str(_cores(node) + 1)
    await cluster.apply("deployments", deployment("web", pod_spec(requests={"cpu": too_much})))
    found = await until_unschedulable(cluster, "web")
    assert (found["status"], found["reason"]) == ("False", "Unschedulable")
    nodes = len(await cluster.items("nodes"))
    assert found["message"].startswith(f"0/{nodes} nodes are available: {nodes} Insufficient cpu. preemption: ")
    pod = await the_pod(cluster, "web")
    assert pod is not None
    assert pod["status"]["phase"] == "Pending"
    assert "nodeName" not in pod["spec"]


async def test_too_much_memory_is_said_too(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec(requests={"cpu": "10m", "memory": "900Ti"})))
    assert "Insufficient memory" in (await until_unschedulable(cluster, "web"))["message"]


async def test_an_event_says_why_it_was_not_placed(cluster: Client, node: Object) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec(requests={"cpu": str(_cores(node) + 1)})))
    await until_unschedulable(cluster, "web")

    async def told() -> bool:
        events = await cluster.items("events", fieldSelector="reason=FailedScheduling")
        return any("Insufficient cpu" in event["message"] and event["type"] == "Warning" for event in events)

    await until(told)


@pytest.mark.own_cluster
async def test_room_appears_and_the_pod_is_placed(cluster: Client, growing_node: Object) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec(requests={"cpu": str(_cores(growing_node) + 1)})))
    await until_unschedulable(cluster, "web")
    await _resize(cluster, growing_node, str(_cores(growing_node) + 4))
    await until_ready(cluster, "web")
    pod = await the_pod(cluster, "web")
    assert condition(pod, "PodScheduled")["status"] == "True"
    assert pod is not None
    assert pod["spec"]["nodeName"] == growing_node["metadata"]["name"]


@pytest.mark.own_cluster
async def test_a_pod_that_goes_makes_room(cluster: Client, node: Object) -> None:
    most = str(_cores(node) - Decimal("0.5"))
    pinned: Object = {"nodeSelector": {"kubernetes.io/hostname": node["metadata"]["labels"]["kubernetes.io/hostname"]}}
    await cluster.apply("deployments", deployment("first", pod_spec(requests={"cpu": most}, **pinned)))
    await until_ready(cluster, "first")
    await cluster.apply("deployments", deployment("second", pod_spec(requests={"cpu": most}, **pinned)))
    assert "Insufficient cpu" in (await until_unschedulable(cluster, "second"))["message"]
    await cluster.delete("deployments", "first", propagationPolicy="Foreground")
    await until_ready(cluster, "second")


async def test_a_selector_that_no_node_fits_is_said(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", pod_spec(nodeSelector={"disk": "none-has-this"})))

    async def told() -> bool:
        found = condition(await the_pod(cluster, "web"), "PodScheduled").get("message", "")
        return "node(s) didn't match Pod's node affinity/selector" in found

    await until(told)


async def test_a_claim_nobody_provisions_keeps_its_pod_waiting(cluster: Client) -> None:
    await cluster.apply("persistentvolumeclaims", claim("data", storageClassName=_NO_PROVISIONER))
    await cluster.apply("deployments", deployment("web", mounting(pod_spec(), "data")))

    async def told() -> bool:
        found = condition(await the_pod(cluster, "web"), "PodScheduled").get("message", "")
        return "unbound immediate PersistentVolumeClaims" in found

    await until(told)
    assert (await cluster.get("persistentvolumeclaims", "data"))["status"]["phase"] == "Pending"


async def test_a_claim_that_comes_later_lets_its_pod_go_on(cluster: Client) -> None:
    await cluster.apply("deployments", deployment("web", mounting(pod_spec(), "data")))

    async def told() -> bool:
        found = condition(await the_pod(cluster, "web"), "PodScheduled").get("message", "")
        return 'persistentvolumeclaim "data" not found' in found

    await until(told)
    await cluster.apply("persistentvolumeclaims", claim("data"))
    await until_ready(cluster, "web")
    assert (await cluster.get("persistentvolumeclaims", "data"))["status"]["phase"] == "Bound"
