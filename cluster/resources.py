"""What there is of an instance in the cluster now, object by object, told in words for people."""

from asyncio import gather
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cluster.client import Cluster
from cluster.conditions import condition
from cluster.kinds import (
    CLAIM,
    DEPLOYMENT,
    INGRESS,
    POD,
    POSTGRES_CLUSTER,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
    Object,
)
from cluster.leftovers import attempt_of
from cluster.names import DATABASE, ODOO, labels
from cluster.problems import problem
from cluster.removal import select, server_kinds
from cluster.sentences import unschedulable
from cluster.sight import terminating
from statemachine.instance import Instance

ORDER = (DEPLOYMENT, STATEFUL_SET, POSTGRES_CLUSTER, POD, CLAIM, SERVICE, INGRESS, SECRET)
"""What works comes before what it needs."""


class Told(NamedTuple):
    """`ready` is None where an object of its kind is never ready, or is not meant to be."""

    ready: bool | None
    says: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One object that is there; `attempt` is None where it belongs to the database server, which outlives attempts."""

    kind: Kind
    name: str
    attempt: int | None
    told: Told


async def resources(cluster: Cluster, instance: Instance) -> list[Resource]:
    """Those of all attempts, the latest first, and those of its dedicated database server. Raises ClusterDown."""
    kinds = (DEPLOYMENT, POD, CLAIM, SERVICE, INGRESS, SECRET)
    server = (*await server_kinds(cluster), POD, CLAIM, SERVICE, SECRET)
    found = await gather(
        select(cluster, kinds, labels(cluster.installation, instance.id, ODOO)),
        select(cluster, server, labels(cluster.installation, instance.id, DATABASE)),
    )
    seen = [_resource(kind, each) for objects in found for kind, each in objects]
    return sorted(seen, key=lambda each: (-(each.attempt or 0), ORDER.index(each.kind), each.name))


def _resource(kind: Kind, found: Object) -> Resource:
    meta = found["metadata"]
    return Resource(kind, meta["name"], attempt_of(meta.get("labels") or {}), told(kind, found))


def told(kind: Kind, found: Object) -> Told:
    """How one object is."""
    if terminating(found):
        return Told(False, "being deleted")
    teller = _TELLERS.get(kind)
    return teller(found) if teller else Told(None, "")


def _replicas(found: Object) -> Told:
    wanted, ready = found["spec"].get("replicas", 1), found.get("status", {}).get("readyReplicas", 0)
    return Told(ready >= wanted, f"{ready} of {wanted} replicas") if wanted else Told(None, "scaled to zero")


def _instances(found: Object) -> Told:
    """Of CloudNativePG."""
    wanted, status = found["spec"].get("instances", 1), found.get("status") or {}
    ready = status.get("readyInstances", 0)
    return Told(ready >= wanted, status.get("phase") or f"{ready} of {wanted} instances")


def _pod(pod: Object) -> Told:
    node = pod["spec"].get("nodeName")
    if node is None:
        held = condition(pod, "PodScheduled", "False") or {}
        return Told(False, unschedulable(held["message"]) if held.get("message") else "no node has taken it yet")
    found = problem(pod)
    if found is not None:
        return Told(False, found.cause)
    ready = condition(pod, "Ready", "True") is not None
    return Told(ready, f"on {node}" if ready else f"starting on {node}")


def _claim(found: Object) -> Told:
    status = found.get("status") or {}
    size = (status.get("capacity") or {}).get("storage", "")
    bound = status.get("phase") == "Bound"
    return Told(bound, f"bound, {size}".rstrip(", ") if bound else "waits for its volume")


_TELLERS: Mapping[Kind, Callable[[Object], Told]] = {
    DEPLOYMENT: _replicas,
    STATEFUL_SET: _replicas,
    POSTGRES_CLUSTER: _instances,
    POD: _pod,
    CLAIM: _claim,
}
"""The others are there or not."""
