"""What was seen of an attempt's objects at one moment, read afresh or taken from the watcher's cache."""

from asyncio import gather
from dataclasses import dataclass

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, INGRESS, POD, REPLICA_SET, SECRET, SERVICE, Object
from cluster.names import ATTEMPT, NEEDS, ODOO, attempt_name, labels, selector
from statemachine.instance import Instance


@dataclass(frozen=True, slots=True)
class Sight:
    """The objects of one attempt."""

    deployment: Object | None = None
    replica_sets: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()
    claim: Object | None = None
    service: Object | None = None
    secret: Object | None = None
    ingress: Object | None = None

    @property
    def complete(self) -> bool:
        """Every object that an attempt needs is there and none is being deleted."""
        needed = (self.deployment, self.claim, self.service, self.secret)
        return all(map(_stays, needed)) and not self.missing

    @property
    def missing(self) -> list[str]:
        """The kinds of what the Deployment says it needs beside it and what is not there, or is being deleted."""
        there = {SECRET.name: self.secret, SERVICE.name: self.service, INGRESS.name: self.ingress}
        annotations = (self.deployment or {"metadata": {}})["metadata"].get("annotations") or {}
        needed = filter(None, annotations.get(NEEDS, "").split(","))
        return [kind for kind in needed if not _stays(there.get(kind))]

    @property
    def node(self) -> str | None:
        """The node that has taken the pod."""
        return next((pod["spec"]["nodeName"] for pod in self.pods if pod["spec"].get("nodeName")), None)


async def look(cluster: Cluster, instance: Instance) -> Sight:
    """Read the objects of the present attempt from the cluster."""
    name = attempt_name(instance)
    mine = selector(labels(cluster.installation, instance.id, ODOO) | {ATTEMPT: str(instance.attempt)})
    single = gather(*(cluster.get(kind, name) for kind in (DEPLOYMENT, CLAIM, SERVICE, SECRET, INGRESS)))
    several = gather(*(cluster.select(kind, mine) for kind in (REPLICA_SET, POD)))
    deployment, claim, service, secret, ingress = await single
    replica_sets, pods = await several
    return Sight(deployment, tuple(replica_sets), tuple(pods), claim, service, secret, ingress)


def _stays(found: Object | None) -> bool:
    return found is not None and not terminating(found)


def terminating(found: Object) -> bool:
    """Its deletion was asked for, and is under way."""
    return "deletionTimestamp" in found["metadata"]
