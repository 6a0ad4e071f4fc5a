"""Nodes that come, keep pods away, and are not heard of any more."""

import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from embedded.simulated.controllers.nodes import SILENT
from tests.contract.client import Client, Object
from tests.contract.manifests import deployment, pod_spec
from tests.contract.seeing import condition, the_pod, until_ready
from tests.support.waiting import until

pytestmark = pytest.mark.own_cluster
TAINT = {"key": "for", "value": "odoo", "effect": "NoSchedule"}
TOLERATION = {"key": "for", "operator": "Equal", "value": "odoo", "effect": "NoSchedule"}


@pytest_asyncio.fixture
async def node(cluster: Client) -> AsyncIterator[str]:
    """A node of the test's own, for which one has to ask twice."""
    name = f"node-{secrets.token_hex(3)}"
    labels = {"kubernetes.io/hostname": name, "disk": name}
    await cluster.create("nodes", {"metadata": {"name": name, "labels": labels}, "spec": {"taints": [TAINT]}})
    await until(lambda: _ready(cluster, name, "True"), 30.0, what="the node to be ready")
    yield name
    await cluster.delete("nodes", name)


async def _ready(cluster: Client, name: str, status: str) -> bool:
    return condition(await cluster.get("nodes", name), "Ready").get("status") == status


async def _ready_pod(cluster: Client, status: str) -> bool:
    return condition(await the_pod(cluster, "web"), "Ready").get("status") == status


def _placed(node: str, *tolerations: Object) -> Object:
    return deployment("web", pod_spec(nodeSelector={"disk": node}, tolerations=list(tolerations)))


async def test_a_taint_keeps_away_who_does_not_tolerate_it(cluster: Client, node: str) -> None:
    await cluster.apply("deployments", _placed(node))

    async def told() -> bool:
        found = condition(await the_pod(cluster, "web"), "PodScheduled").get("message", "")
        return "1 node(s) had untolerated taint(s)" in found

    await until(told)
    await cluster.apply("deployments", _placed(node, TOLERATION))
    await until_ready(cluster, "web")
    pod = await the_pod(cluster, "web")
    assert pod is not None
    assert pod["spec"]["nodeName"] == node


async def test_a_node_that_is_not_heard_of_is_given_up_until_it_is(cluster: Client, node: str) -> None:
    await cluster.apply("deployments", _placed(node, TOLERATION))
    await until_ready(cluster, "web")
    await cluster.patch("nodes", node, {"metadata": {"annotations": {SILENT: "yes"}}})
    await until(lambda: _ready(cluster, node, "Unknown"), 60.0, what="the node to be given up")
    await until(lambda: _ready_pod(cluster, "False"), 20.0, what="its pod to count as unready")
    found = await cluster.get("nodes", node)
    assert condition(found, "Ready")["reason"] == "NodeStatusUnknown"
    await until(lambda: _tainted(cluster, node), 20.0)
    await cluster.patch("nodes", node, {"metadata": {"annotations": {SILENT: None}}})
    await until(lambda: _ready(cluster, node, "True"), 30.0, what="the node to be back")
    await until(lambda: _ready_pod(cluster, "True"), 30.0, what="its pod to be back")


async def _tainted(cluster: Client, name: str) -> bool:
    taints = (await cluster.get("nodes", name))["spec"].get("taints") or []
    return {"NoSchedule", "NoExecute"} == {
        taint["effect"] for taint in taints if taint["key"] == "node.kubernetes.io/unreachable"
    }
