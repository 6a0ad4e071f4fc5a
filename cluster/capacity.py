"""Whether an instance seems to fit the cluster now, and what is short: a hint, since the scheduler decides."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

from cluster import shortages
from cluster.answers import Expired
from cluster.client import Cluster
from cluster.fitting import Place, Short, shortage
from cluster.kinds import NODE, POD, QUOTA, Object
from cluster.manifests import claim, deployment
from cluster.names import ODOO, labels, selector
from cluster.profiles import Profiles
from cluster.quotas import Objects, exceeded
from cluster.room import Room
from cluster.server_manifests import meta, stateful_set
from cluster.taken import Followed, Taken
from schemas.errors import ClusterRefused
from schemas.views import Capacity, NodeRoom
from statemachine.instance import Instance

ODOO_PARTS = ("deployments.apps", "replicasets.apps", "services", "secrets")
SERVER_PARTS = ("statefulsets.apps", "services", "secrets")
Wanted = dict[str, Object]
"""Pods by what they are for, in the order in which they are made."""
Shorts = dict[str, dict[str, list[Short]]]
"""What each of them is short of on each node."""


async def capacity(
    cluster: Cluster, profiles: Profiles, instance: Instance, followed: Followed | None = None
) -> Capacity:
    """Compare what the next attempt of `instance` makes with the room of every node and what the quotas leave.

    That is Odoo, and its dedicated database server where it has none yet; what an earlier attempt still runs counts
    as gone. `fits` is None where Reprise may not read nodes or the pods of other namespaces. Pods are counted anew,
    which takes long where there are thousands, unless they are `followed`.
    Raises ClusterDown, BadInput for a profile that does not exist.
    """
    pods, new = _wanted(cluster, profiles, instance)
    try:
        running, quotas = await gather(_running(cluster, instance.id, followed), _quotas(cluster))
    except ClusterRefused as refusal:
        return Capacity(fits=None, short=f"unknown: {refusal.message}", nodes=[])
    places = {name: Place(node, running.taken.get(name, Room())) for name, node in running.nodes.items()}
    shorts = {what: {name: shortage(pod, place) for name, place in places.items()} for what, pod in pods.items()}
    short = [*exceeded(quotas, new, running.leaving), *_no_room(pods, places, shorts)]
    nodes = [_room(place, shorts[ODOO][name]) for name, place in places.items()]
    return Capacity(fits=not short, short="; ".join(short) or None, nodes=nodes)


def _wanted(cluster: Cluster, profiles: Profiles, instance: Instance) -> tuple[Wanted, Objects]:
    profile = profiles.get(instance.request.profile)
    odoo = deployment(cluster.installation, instance, profile, "")["spec"]["template"]
    volume = claim(cluster.installation, instance, profile)
    if instance.request.db_type != "dedicated" or instance.database is not None:
        return {ODOO: odoo}, Objects((odoo,), (volume,), ODOO_PARTS)
    named = meta(cluster.installation, instance.id, instance.customer_id, instance.name)
    server = stateful_set(named, profiles.database_server, "", "")["spec"]
    pods = {"its database server": server["template"], ODOO: odoo}
    volumes = (volume, *server["volumeClaimTemplates"])
    return pods, Objects(tuple(pods.values()), volumes, (*ODOO_PARTS, *SERVER_PARTS))


@dataclass(frozen=True, slots=True)
class _Running:
    """The nodes, and what all pods take of them but for those of the instance itself, which are kept whole."""

    nodes: Mapping[str, Object]
    taken: Mapping[str, Room]
    leaving: Sequence[Object]


async def _running(cluster: Cluster, instance_id: UUID, followed: Followed | None) -> _Running:
    known = followed.now if followed is not None else None
    nodes, taken = known or await gather(cluster.select(NODE), _counted(cluster))
    leaving: list[Object] = []
    if taken.has_pods_of(instance_id):
        leaving = await cluster.select(POD, selector(labels(cluster.installation, instance_id, ODOO)))
    return _Running({node["metadata"]["name"]: node for node in nodes}, taken.without(leaving), leaving)


async def _counted(cluster: Cluster) -> Taken:
    """Page by page: a cluster may have more pods than one wants to hold at once."""
    while True:
        found = Taken()
        with suppress(Expired):  # it changed too much between two pages: counted anew
            async with aclosing(cluster.pages(POD, everywhere=True)) as pages:
                async for page in pages:
                    for pod in page.objects:
                        found.put(POD, pod)
            return found


async def _quotas(cluster: Cluster) -> list[Object]:
    """Nothing where Reprise may not read them: a hint does without."""
    try:
        return await cluster.select(QUOTA)
    except ClusterRefused:
        return []


def _no_room(pods: Wanted, places: dict[str, Place], alone: Shorts) -> list[str]:
    """What keeps the pods from being placed, all of them at once; nothing where there is a way."""
    nowhere = {what: shorts for what, shorts in alone.items() if all(shorts.values())}
    if nowhere:
        whom = {what: f"{what}: " if len(pods) > 1 else "" for what in pods}
        return [f"{whom[what]}{shortages.of_nodes(shorts)}" for what, shorts in nowhere.items()]
    if _all_fit(list(pods.values()), places):
        return []
    return [f"{' and '.join(pods)} fit each alone, but not both"]


def _all_fit(pods: Sequence[Object], places: dict[str, Place]) -> bool:
    """Whether there is a way to place all of them; the scheduler places one after the other, and may not find it."""
    if not pods:
        return True
    first, *rest = pods
    return any(
        not shortage(first, place) and _all_fit(rest, {**places, name: place.with_pod(first)})
        for name, place in places.items()
    )


def _room(place: Place, short: list[Short]) -> NodeRoom:
    has, taken = place.has, place.taken
    return NodeRoom(
        name=place.name,
        cpu=float(has.cpu),
        cpu_used=float(taken.cpu),
        memory=int(has.memory),
        memory_used=int(taken.memory),
        pods=int(has.pods),
        pods_used=int(taken.pods),
        ready=place.ready,
        short=shortages.of_node(short),
    )
