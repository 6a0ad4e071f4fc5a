"""Resizes the node of the simulated cluster, through the Kubernetes API that it speaks."""

from typing import NamedTuple

from cluster.client import Cluster
from cluster.kinds import NODE
from schemas.errors import BadInput, NotFound, Refused
from schemas.quantities import amount
from schemas.settings import Settings


class Size(NamedTuple):
    """A node, as Kubernetes writes quantities."""

    node: str
    cpu: str
    memory: str


async def resize(settings: Settings, cpu: str | None, memory: str | None) -> Size:
    """Give the node another size; None leaves that as it is.

    Raises Refused where the cluster is a real one, BadInput for what is no quantity, NotFound without a node,
    ClusterDown.
    """
    if settings.cluster != "simulated":
        raise Refused("Only a simulated cluster can be resized; add nodes to a real one")
    change = {name: _positive(name, text) for name, text in (("cpu", cpu), ("memory", memory)) if text is not None}
    async with Cluster(settings) as cluster:
        nodes = await cluster.select(NODE)
        if not nodes:
            raise NotFound("The simulated cluster has no node")
        # a node's size stands in its status, which is a resource of its own
        path = f"{nodes[0]['metadata']['name']}/status"
        found = await cluster.patch(NODE, path, {"status": {"capacity": change, "allocatable": change}})
    if found is None:
        raise NotFound("The simulated cluster has lost its node")
    allocatable = found["status"]["allocatable"]
    return Size(found["metadata"]["name"], allocatable["cpu"], allocatable["memory"])


def _positive(field: str, text: str) -> str:
    try:
        if amount(text) > 0:
            return text
    except ValueError as error:
        raise BadInput(field, str(error)) from error
    raise BadInput(field, "must be more than zero")
