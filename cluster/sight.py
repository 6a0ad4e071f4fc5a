"""What was seen of an attempt's objects at one moment, read afresh or taken from the watcher's cache."""

from asyncio import gather
from dataclasses import dataclass

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, POD, REPLICA_SET, SECRET, SERVICE, Object
from cluster.names import ATTEMPT, ODOO, attempt_name, labels, selector
from statemachine.instance import Instance


@dataclass(frozen=True, slots=True)
class Sight:
    """The objects of one attempt; the watcher does not look at Service and Secret."""

    deployment: Object | None = None
    replica_sets: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()
    claim: Object | None = None
    service: Object | None = None
    secret: Object | None = None

    @property
    def complete(self) -> bool:
        """Every object that an attempt needs is there and none is being deleted."""
        needed = (self.deployment, self.claim, self.service, self.secret)
        return all(found is not None and not terminating(found) for found in needed)

    @property
    def node(self) -> str | None:
        """The node that has taken the pod."""
        return next((pod["spec"]["nodeName"] for pod in self.pods if pod["spec"].get("nodeName")), None)


async def look(cluster: Cluster, instance: Instance) -> Sight:
    """Read the objects of the present attempt from the cluster."""
    name = attempt_name(instance)
    mine = labels(cluster.installation, instance.id, ODOO) | {ATTEMPT: str(instance.attempt)}
    deployment, claim, service, secret, replica_sets, pods = await gather(
        cluster.get(DEPLOYMENT, name),
        cluster.get(CLAIM, name),
        cluster.get(SERVICE, name),
        cluster.get(SECRET, name),
        cluster.select(REPLICA_SET, selector(mine)),
        cluster.select(POD, selector(mine)),
    )
    return Sight(deployment, tuple(replica_sets), tuple(pods), claim, service, secret)


def terminating(found: Object) -> bool:
    """Its deletion was asked for, and is under way."""
    return "deletionTimestamp" in found["metadata"]
