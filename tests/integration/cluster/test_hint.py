"""The hint says what the scheduler does: nodes, taints, selectors, pods that are there already, quotas."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cluster.capacity import capacity
from cluster.client import Cluster
from cluster.profiles import Profiles
from tests.contract.client import Client
from tests.integration.cluster.doing import instance
from tests.integration.cluster.rooms import POOL, Node, administrator, nodes, occupy, placed
from tests.support.waiting import until

DB = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
DB_AT_ONCE = {**DB, "effect": "NoExecute"}
GPU = {"key": "gpu", "effect": "NoSchedule"}
SMALL = Node(cpu="1")
CORE = {"requests": {"cpu": "1"}}


pytestmark = pytest.mark.own_cluster  # it makes nodes


@dataclass(frozen=True)
class Case:
    """`pods` are on the nodes already, by the node's number; `placement` and `server` are parts of a profile."""

    fits: bool
    nodes: tuple[Node, ...] = (Node(),)
    request: dict[str, Any] = field(default_factory=dict)
    placement: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    pods: tuple[tuple[int, dict[str, Any]], ...] = ()
    quota: dict[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()


def asks(cpu: str = "500m", memory: str = "1Gi", **more: str) -> dict[str, Any]:
    return {"cpu": cpu, "memory": memory, **more}


def containers(*cpus: str) -> list[dict[str, Any]]:
    return [{"resources": {"requests": {"cpu": cpu}}} for cpu in cpus]


def sidecar(cpu: str) -> dict[str, Any]:
    return {"restartPolicy": "Always", "resources": {"requests": {"cpu": cpu}}}


def needs(operator: str, *values: str, key: str = "disk") -> dict[str, Any]:
    return {"node_affinity": [{"key": key, "operator": operator, "values": list(values)}]}


def tolerates(**toleration: str) -> dict[str, Any]:
    return {"tolerations": [toleration]}


FAST, SLOW, NUMBERED = Node(labels={"disk": "fast"}), Node(labels={"disk": "slow"}), Node(labels={"disk": "5"})
DEDICATED = asks("1", db_type="dedicated")
HUNGRY_SERVER = {"cpu": "2", "memory": "1Gi"}

CASES = {
    "one node with room": Case(True),
    "too little cpu": Case(False, request=asks("5")),
    "too little memory": Case(False, request=asks(memory="9Gi")),
    "all of a node": Case(True, request=asks("4", "8Gi")),
    "a thousandth of a core more than a node has": Case(False, request=asks("4001m")),
    "a mebibyte more than a node has": Case(False, request=asks(memory="8193Mi")),
    "room on the second node only": Case(True, (SMALL, Node()), asks("2")),
    "room in all, but on no node": Case(False, (SMALL, SMALL, SMALL), asks("2")),
    "cpu on one node and memory on another": Case(False, (Node(memory="512Mi"), Node(cpu="250m"))),
    "pods have taken the room": Case(False, request=asks("2"), pods=((0, {"requests": {"cpu": "2500m"}}),)),
    "pods leave just enough": Case(True, request=asks("2"), pods=((0, CORE), (0, CORE))),
    "pods on the other node do not count": Case(True, (Node(), Node()), asks("4"), pods=((0, CORE),)),
    "pods that ask for nothing": Case(True, request=asks("4", "8Gi"), pods=((0, {}),)),
    "as many pods as the node may run": Case(False, (Node(pods="1"),), pods=((0, {}),)),
    "one pod fewer than the node may run": Case(True, (Node(pods="2"),), pods=((0, {}),)),
    "the second node may run more pods": Case(True, (Node(pods="1"), Node()), pods=((0, {}),)),
    "containers count together": Case(False, request=asks("2"), pods=((0, {"containers": containers("1", "1500m")}),)),
    "the hungriest init container counts": Case(
        False, request=asks("2"), pods=((0, {"containers": containers("1"), "initContainers": containers("3", "1")}),)
    ),
    "init containers do not count together": Case(
        True, request=asks("2"), pods=((0, {"containers": containers("1"), "initContainers": containers("2", "2")}),)
    ),
    "sidecars count beside the containers": Case(
        False, request=asks("2"), pods=((0, {"containers": containers("1"), "initContainers": [sidecar("1500m")]}),)
    ),
    "a sidecar counts beside init containers after it": Case(
        False,
        request=asks("1500m"),
        pods=((0, {"containers": containers("100m"), "initContainers": [sidecar("1"), *containers("2")]}),),
    ),
    "a sidecar does not count beside init containers before it": Case(
        True,
        request=asks("1500m"),
        pods=((0, {"containers": containers("100m"), "initContainers": [*containers("2"), sidecar("1")]}),),
    ),
    "what a pod asks for as a whole counts": Case(
        False,
        request=asks("2"),
        pods=((0, {"containers": containers("1"), "resources": {"requests": {"cpu": "3"}}}),),
    ),
    "quantities that few people write": Case(False, request=asks("2"), pods=((0, {"requests": {"cpu": "2500000u"}}),)),
    "a taint": Case(False, (Node(taints=(DB,)),)),
    "a taint that is tolerated": Case(
        True, (Node(taints=(DB,)),), placement=tolerates(key="dedicated", value="db", effect="NoSchedule")
    ),
    "a taint of another value": Case(False, (Node(taints=(DB,)),), placement=tolerates(key="dedicated", value="web")),
    "a taint tolerated whatever its value": Case(
        True, (Node(taints=(DB,)),), placement=tolerates(key="dedicated", operator="Exists")
    ),
    "all taints tolerated": Case(True, (Node(taints=(DB, GPU)),), placement=tolerates(operator="Exists")),
    "a taint tolerated for another effect": Case(
        False, (Node(taints=(DB_AT_ONCE,)),), placement=tolerates(key="dedicated", value="db", effect="NoSchedule")
    ),
    "a taint tolerated for every effect": Case(
        True, (Node(taints=(DB_AT_ONCE,)),), placement=tolerates(key="dedicated", value="db")
    ),
    "a taint that evicts": Case(False, (Node(taints=(DB_AT_ONCE,)),)),
    "a taint that only prefers": Case(True, (Node(taints=({**DB, "effect": "PreferNoSchedule"},)),)),
    "one of two taints tolerated": Case(
        False, (Node(taints=(DB, GPU)),), placement=tolerates(key="gpu", operator="Exists")
    ),
    "a tainted node with room and one without": Case(False, (Node(taints=(DB,)), SMALL), asks("2")),
    "a tainted node and one with room": Case(True, (Node(taints=(DB,)), SMALL), asks("1")),
    "a cordoned node": Case(False, (Node(unschedulable=True),)),
    "a cordoned node, tolerated": Case(
        True,
        (Node(unschedulable=True),),
        placement=tolerates(key="node.kubernetes.io/unschedulable", operator="Exists"),
    ),
    "a cordoned node beside another": Case(True, (Node(unschedulable=True), Node())),
    "a node that is not ready": Case(False, (Node(conditions={"Ready": "False"}),)),
    "a node that is not heard of": Case(False, (Node(conditions={"Ready": "Unknown"}),)),
    "a node that is not ready beside another": Case(True, (Node(conditions={"Ready": "False"}), Node())),
    "a node whose disk is full": Case(False, (Node(conditions={"DiskPressure": "True"}),)),
    "a node whose memory is short": Case(False, (Node(conditions={"MemoryPressure": "True"}),)),
    "a node that matches the selector": Case(True, (SLOW, FAST), placement={"node_selector": {"disk": "fast"}}),
    "no node that matches the selector": Case(False, (SLOW, Node()), placement={"node_selector": {"disk": "fast"}}),
    "only a full node matches the selector": Case(
        False, (FAST, SLOW), asks("4"), {"node_selector": {"disk": "fast"}}, pods=((0, CORE),)
    ),
    "affinity: in": Case(True, (SLOW, FAST), placement=needs("In", "fast", "faster")),
    "affinity: in none": Case(False, (SLOW, Node()), placement=needs("In", "fast", "faster")),
    "affinity: not in": Case(True, (SLOW, Node()), placement=needs("NotIn", "slow")),
    "affinity: not in, but all are": Case(False, (SLOW,), placement=needs("NotIn", "slow")),
    "affinity: exists": Case(True, (Node(), SLOW), placement=needs("Exists")),
    "affinity: exists nowhere": Case(False, placement=needs("Exists")),
    "affinity: does not exist": Case(True, (SLOW, Node()), placement=needs("DoesNotExist")),
    "affinity: exists everywhere": Case(False, (SLOW, FAST), placement=needs("DoesNotExist")),
    "affinity: more": Case(True, (NUMBERED,), placement=needs("Gt", "4")),
    "affinity: not more": Case(False, (NUMBERED,), placement=needs("Gt", "5")),
    "affinity: less": Case(True, (NUMBERED,), placement=needs("Lt", "6")),
    "affinity: less than what is no number": Case(False, (SLOW, Node()), placement=needs("Lt", "6")),
    "affinity: two conditions on one node": Case(
        False,
        (FAST, Node(labels={"zone": "a"})),
        placement={
            "node_affinity": [
                {"key": "disk", "operator": "Exists"},
                {"key": "zone", "operator": "In", "values": ["a"]},
            ]
        },
    ),
    "a database server beside it": Case(True, request=DEDICATED),
    "a database server for which nothing is left": Case(False, (Node(cpu="2"),), DEDICATED, server=HUNGRY_SERVER),
    "a database server on another node": Case(True, (Node(cpu="2"), Node(cpu="1")), DEDICATED, server=HUNGRY_SERVER),
    "a database server that fits nowhere": Case(False, (SMALL, SMALL), DEDICATED, server=HUNGRY_SERVER),
    "a quota with room": Case(True, quota={"requests.cpu": "1", "requests.memory": "2Gi", "pods": "1"}),
    "a quota of cpu": Case(False, quota={"requests.cpu": "400m"}),
    "a quota of cpu by its short name": Case(False, quota={"cpu": "400m"}),
    "a quota of memory": Case(False, quota={"requests.memory": "1000Mi"}),
    "a quota of memory limits": Case(False, quota={"limits.memory": "1000Mi"}),
    "a quota that others use up": Case(False, quota={"pods": "1"}, pods=((0, {}),)),
    "a quota of cpu that others use up": Case(False, quota={"requests.cpu": "1200m"}, pods=((0, CORE),)),
    "a quota of pods by count": Case(False, quota={"count/pods": "0"}),
    "a quota of storage": Case(False, quota={"requests.storage": "9Gi"}),
    "a quota of claims": Case(False, quota={"persistentvolumeclaims": "0"}),
    "a quota of deployments": Case(False, quota={"count/deployments.apps": "0"}),
    "a quota of replica sets": Case(False, quota={"count/replicasets.apps": "0"}),
    "a quota for both servers": Case(False, request=DEDICATED, quota={"requests.cpu": "1200m"}),
    "a quota for other pods": Case(True, quota={"pods": "0"}, scopes=("BestEffort",)),
    "a quota for such pods": Case(False, quota={"pods": "0"}, scopes=("NotTerminating",)),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
async def test_the_hint_says_what_the_scheduler_does(kubeconfig: Path, cluster: Cluster, case: Case) -> None:
    selector = {**case.placement.get("node_selector", {}), POOL: cluster.namespace}
    profiles = Profiles.model_validate(
        {
            "profiles": {"default": {**case.placement, "node_selector": selector}},
            "database_server": {**case.server, "node_selector": {POOL: cluster.namespace}},
        }
    )
    row = instance(request=case.request)
    async with administrator(kubeconfig, cluster.namespace) as admin, nodes(admin, case.nodes) as names:
        for number, (node, spec) in enumerate(case.pods):
            await occupy(admin, names[node], dict(spec), number)
        await _limit(admin, case)
        hint = await capacity(cluster, profiles, row)
        assert (hint.fits, hint.short is None) == (case.fits, case.fits), hint.short
        assert await placed(cluster, row, profiles) is case.fits, hint.short


async def _limit(admin: Client, case: Case) -> None:
    """The quota, once the controller has counted what is there."""
    if not case.quota:
        return
    spec = {"hard": case.quota, **({"scopes": list(case.scopes)} if case.scopes else {})}
    await admin.create("resourcequotas", {"metadata": {"name": "limits"}, "spec": spec})

    async def is_counted() -> bool:
        return "used" in (await admin.get("resourcequotas", "limits")).get("status", {})

    await until(is_counted, what="the quota to be counted")


async def test_what_the_failed_attempt_still_runs_counts_as_gone(kubeconfig: Path, cluster: Cluster) -> None:
    profiles = Profiles.model_validate({"profiles": {"default": {"node_selector": {POOL: cluster.namespace}}}})
    row, other = instance(request=asks("3")), instance(request=asks("3"))
    async with administrator(kubeconfig, cluster.namespace) as admin, nodes(admin, [Node()]) as [name]:
        assert await placed(cluster, row, profiles)
        again, another = await capacity(cluster, profiles, row), await capacity(cluster, profiles, other)
        assert (again.fits, another.fits) == (True, False)
        assert f"node {name} has 1 cores free of the 3 needed" in str(another.short)
