"""What was seen of an attempt's objects at one moment, read afresh or taken from the watcher's cache."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, INGRESS, POD, REPLICA_SET, SECRET, SERVICE, Kind, Object
from cluster.names import ATTEMPT, NEEDS, ODOO, labels, object_names, selector
from cluster.told import Events
from statemachine.instance import Instance


@dataclass(frozen=True, slots=True)
class Sight:
    """The objects of one attempt, the first of each kind; `needed` are the kinds without which it is not complete.

    `events` is what Events tell of these objects; a fresh look goes without it.
    """

    deployment: Object | None = None
    replica_sets: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()
    claim: Object | None = None
    service: Object | None = None
    secret: Object | None = None
    ingress: Object | None = None
    needed: frozenset[Kind] = frozenset((DEPLOYMENT, CLAIM, SERVICE, SECRET))
    events: Events = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Every object that an attempt needs is there and none is being deleted."""
        there = {DEPLOYMENT: self.deployment, CLAIM: self.claim, SERVICE: self.service, SECRET: self.secret}
        return all(_stays(there[kind]) for kind in self.needed) and not self.missing

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


def sight_of(found: Iterable[tuple[Kind, Object]], events: Events | None = None) -> Sight:
    """What is seen of one attempt in these objects of it."""
    mine: dict[Kind, list[Object]] = defaultdict(list)
    for kind, each in found:
        mine[kind].append(each)
    return Sight(
        deployment=next(iter(mine[DEPLOYMENT]), None),
        replica_sets=tuple(mine[REPLICA_SET]),
        pods=tuple(mine[POD]),
        claim=next(iter(mine[CLAIM]), None),
        service=next(iter(mine[SERVICE]), None),
        secret=next(iter(mine[SECRET]), None),
        ingress=next(iter(mine[INGRESS]), None),
        events=events or {},
    )


async def look(cluster: Cluster, instance: Instance) -> Sight:
    """Read the objects of the present attempt from the cluster."""
    names = object_names(instance)
    mine = selector(labels(cluster.installation, instance.id, ODOO) | {ATTEMPT: str(instance.attempt)})
    kinds = (DEPLOYMENT, CLAIM, SERVICE, SECRET, INGRESS)
    single = gather(*(_first(cluster, kind, names.get(kind, ())) for kind in kinds))
    several = gather(*(cluster.select(kind, mine) for kind in (REPLICA_SET, POD)))
    (deployment, claim, service, secret, ingress), (replica_sets, pods) = await gather(single, several)
    needed = frozenset(kind for kind in kinds if names.get(kind) and kind is not INGRESS)
    return Sight(deployment, tuple(replica_sets), tuple(pods), claim, service, secret, ingress, needed)


async def _first(cluster: Cluster, kind: Kind, names: Sequence[str]) -> Object | None:
    return await cluster.get(kind, names[0]) if names else None


def _stays(found: Object | None) -> bool:
    return found is not None and not terminating(found)


def terminating(found: Object) -> bool:
    """Its deletion was asked for, and is under way."""
    return "deletionTimestamp" in found["metadata"]
