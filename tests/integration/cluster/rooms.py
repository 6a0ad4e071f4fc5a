"""Nodes, and pods on them, as a test of the hint wants them; and what the scheduler then does with an instance."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes_asyncio import client, config
from kubernetes_asyncio.client import ApiException

from cluster.client import Cluster
from cluster.conditions import condition
from cluster.dedicated import DedicatedServers
from cluster.kinds import DEPLOYMENT, NODE, POD, REPLICA_SET, Object
from cluster.profiles import Profiles
from embedded.simulated.controllers.nodes import SILENT
from schemas.errors import ClusterRefused, NotYet
from statemachine.instance import Instance
from tests.contract.client import Client
from tests.integration.cluster.doing import deployed
from tests.support.waiting import until

POOL = "reprise.dev/test-pool"
"""A label of the nodes of one case, so that an instance sees these alone."""
_TAINTS = {
    ("Ready", "False"): "node.kubernetes.io/not-ready",
    ("Ready", "Unknown"): "node.kubernetes.io/unreachable",
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
}


@dataclass(frozen=True)
class Node:
    """One node; `conditions` other than the healthy ones come with the taints that the control plane gives for them."""

    cpu: str = "4"
    memory: str = "8Gi"
    pods: str = "110"
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Object, ...] = ()
    unschedulable: bool = False
    conditions: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def administrator(kubeconfig: Path, namespace: str) -> AsyncIterator[Client]:
    """A client that may do everything; its namespace is there, and empty of pods at the end."""
    configuration = client.Configuration()
    await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
    async with client.ApiClient(configuration) as api:
        admin = Client(api, namespace)
        await admin.create("namespaces", {"metadata": {"name": namespace}})
        yield admin
        await admin.delete("namespaces", namespace)
        await until(lambda: _emptied(admin), 30, what="the pods to be gone")


async def _emptied(admin: Client) -> bool:
    """No kubelet ends the pods of these nodes, so they are removed by force."""
    pods = await admin.items("pods")
    for pod in pods:
        try:
            await admin.delete("pods", pod["metadata"]["name"], gracePeriodSeconds=0)
        except ApiException as error:
            if error.status != 404:
                raise
    return not pods


@asynccontextmanager
async def nodes(admin: Client, wanted: Sequence[Node]) -> AsyncIterator[list[str]]:
    """The names of nodes of their own pool, which is named like the namespace; they leave at the end."""
    names = [f"{admin.namespace}-{number}" for number in range(len(wanted))]
    try:
        for name, node in zip(names, wanted, strict=True):
            await _create(admin, name, node)
        yield names
    finally:
        for name in names:
            if await admin.find("nodes", name) is not None:
                await admin.delete("nodes", name)


async def _create(admin: Client, name: str, node: Node) -> None:
    """It is made with its conditions, as a kubelet registers: a node without any soon loses its taints once more.

    Its kubelet keeps silent, or it would say that all is well; for some seconds that is believed.
    """
    meta = {"name": name, "labels": {POOL: admin.namespace, **node.labels}, "annotations": {SILENT: "yes"}}
    room = {"cpu": node.cpu, "memory": node.memory, "pods": node.pods}
    healthy = {"Ready": "True", **node.conditions}
    conditions = [{"type": kind, "status": status} for kind, status in healthy.items()]
    ill = [_TAINTS[condition] for condition in healthy.items() if condition in _TAINTS]
    taints = [*node.taints, *({"key": key, "effect": "NoSchedule"} for key in ill)]
    if node.unschedulable:
        taints.append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    spec = {"taints": taints, "unschedulable": node.unschedulable}
    status = {"capacity": room, "allocatable": room, "conditions": conditions}
    await admin.create("nodes", {"metadata": meta, "spec": spec, "status": status})
    wanted = {taint["key"] for taint in taints}

    async def has_them() -> bool:
        found = (await admin.get("nodes", name))["spec"].get("taints") or []
        return wanted == {taint["key"] for taint in found}

    await until(has_them, what=f"the taints of {name}")


async def occupy(admin: Client, node: str, spec: Object, number: int) -> None:
    """A pod that is on the node already."""
    containers = spec.get("containers") or [{"resources": {"requests": spec.pop("requests", {})}}]
    named = {"containers": [_container(each, "main", i) for i, each in enumerate(containers)]}
    if "initContainers" in spec:
        named["initContainers"] = [_container(each, "init", i) for i, each in enumerate(spec["initContainers"])]
    body = {"metadata": {"name": f"taken-{number}"}, "spec": {**spec, **named, "nodeName": node}}
    await until(lambda: _created(admin, body), what="the namespace to take pods")


async def _created(admin: Client, body: Object) -> bool:
    """A new namespace takes no pods until its service account is made."""
    try:
        await admin.create("pods", body)
    except ApiException as error:
        if "service account" not in str(error.body):
            raise
        return False
    return True


def _container(given: Object, prefix: str, number: int) -> Object:
    return {"name": f"{prefix}-{number}", "image": "odoo:18", **given}


async def placed(cluster: Cluster, row: Instance, profiles: Profiles) -> bool:
    """Deploy, and say whether the scheduler has placed all of its pods."""
    try:
        wanted = await _made(cluster, row, profiles)
    except ClusterRefused:
        return False
    verdicts = await until(lambda: _verdicts(cluster, wanted), 30, what="the scheduler's verdict")
    assert verdicts is not None
    return all(verdicts)


async def _made(cluster: Cluster, row: Instance, profiles: Profiles) -> int:
    """How many pods are to be expected."""
    if row.request.db_type == "dedicated":
        try:
            servers = DedicatedServers(cluster, profiles.database_server)
            await servers.ensure(row.id, row.customer_id, row.name, "secret", "odoo", "odoo")
        except NotYet:
            await until(lambda: _verdicts(cluster, 1), 30, what="the scheduler's verdict on the server")
    await deployed(cluster, row, profiles)
    return 2 if row.request.db_type == "dedicated" else 1


async def _verdicts(cluster: Cluster, wanted: int) -> list[bool] | None:
    """One a pod, once there is one for each; a controller that may not make what it wants is a no."""
    refused = [condition(each, "ReplicaFailure", "True") for each in await cluster.select(REPLICA_SET)]
    stuck = [condition(each, "Progressing", "False") for each in await cluster.select(DEPLOYMENT)]
    if any(refused) or any(stuck):
        return [False]
    everywhere = len(await cluster.select(NODE))
    pods = [pod for pod in await cluster.select(POD) if not pod["metadata"]["name"].startswith("taken-")]
    found = [_verdict(pod, everywhere) for pod in pods]
    if len(found) < wanted or None in found:
        return None
    return [bool(verdict) for verdict in found]


def _verdict(pod: Object, nodes: int) -> bool | None:
    """None while the scheduler has not looked at all nodes, or waits for the volume."""
    if pod["spec"].get("nodeName"):
        return True
    said: dict[str, Any] = condition(pod, "PodScheduled", "False") or {}
    message = said.get("message") or ""
    if f"0/{nodes} nodes are available" not in message or "PersistentVolumeClaim" in message:
        return None
    return False
