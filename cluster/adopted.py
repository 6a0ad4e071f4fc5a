"""Runs an adopted instance: its own pod template is never written, so the pods it makes are labelled one by one."""

from asyncio import gather

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, POD, REPLICA_SET, Kind, Object
from cluster.names import INSTALLATION, INSTANCE, STEP, adopted_labels, object_names
from cluster.selecting import as_selector
from cluster.sight import terminating
from schemas.codes import ErrorCode
from schemas.errors import ClusterRefused, NotYet
from statemachine.instance import Instance

REPLICAS = "reprise.dev/replicas"
"""An annotation of an adopted Deployment that was stopped: how many replicas it had."""


async def revive(cluster: Cluster, instance: Instance) -> list[str]:
    """Have it run as it did: scale it up where it is at zero, and label what has lost its labels.

    Nothing else of it is written. Returns the objects as kind/name. Raises ClusterRefused where something is gone that
    only whoever made it can make again (DATA_MISSING for a volume), NotYet while it is being deleted.
    """
    named = await _named(cluster, instance)
    for kind, name, each in sorted(named, key=lambda one: one[0] is not CLAIM):  # lost data first
        _must_be_there(kind, name, each)
    found = [(kind, name, each) for kind, name, each in named if each is not None]
    for kind, _, each in found:
        labelled = await label(cluster, instance, kind, each)
        if kind is DEPLOYMENT:
            await _scale_up(cluster, instance, labelled)
    await mark_adopted(cluster, instance)
    return [f"{kind.name}/{name}" for kind, name, _ in found]


async def _named(cluster: Cluster, instance: Instance) -> list[tuple[Kind, str, Object | None]]:
    wanted = [(kind, name) for kind, names in object_names(instance).items() for name in names]
    found = await gather(*(cluster.get(kind, name) for kind, name in wanted))
    return [(kind, name, each) for (kind, name), each in zip(wanted, found, strict=True)]


async def label(cluster: Cluster, instance: Instance, kind: Kind, found: Object) -> Object:
    """The object, labelled as the instance's. Raises ClusterRefused where it is labelled as another's."""
    wanted = adopted_labels(cluster.installation, instance)
    has, name = labels_of(found), found["metadata"]["name"]
    owner = has.get(INSTANCE, str(instance.id))
    if (has.get(INSTALLATION, cluster.installation), owner) != (cluster.installation, str(instance.id)):
        raise ClusterRefused(ErrorCode.CLUSTER_REFUSED, f"{kind.name} {name} belongs to instance {owner}.")
    if not wanted.items() - has.items():
        return found
    labelled = await cluster.patch(kind, name, {"metadata": {"labels": wanted}})
    if labelled is None:
        raise NotYet(f"{kind.name} {name} is gone", after=0.2)
    return labelled


def labels_of(found: Object) -> dict[str, str]:
    """An object's labels."""
    return found["metadata"].get("labels") or {}


async def mark_adopted(cluster: Cluster, instance: Instance) -> int:
    """Label the ReplicaSets and pods of an adopted instance's Deployment, so that they are found like any other's.

    Returns how many pods there are, 0 for an instance that was not adopted. Raises ClusterRefused where the Deployment
    is not labelled as the instance's own any more: whoever made it anew under that name decides what it is.
    """
    names = object_names(instance)[DEPLOYMENT] if instance.adopted is not None else ()
    deployment = await cluster.get(DEPLOYMENT, names[0]) if names else None
    if deployment is None:
        return 0
    if labels_of(deployment).get(INSTANCE) != str(instance.id):
        why = f"Deployment {names[0]} does not bear the labels of this instance any more; label it, or remove it."
        raise ClusterRefused(ErrorCode.CLUSTER_REFUSED, why)
    replica_sets = await owned(cluster, REPLICA_SET, [deployment], deployment)
    pods = await owned(cluster, POD, replica_sets, deployment)
    for kind, several in ((REPLICA_SET, replica_sets), (POD, pods)):
        for each in several:
            await label(cluster, instance, kind, each)
    return len(pods)


async def owned(cluster: Cluster, kind: Kind, owners: list[Object], deployment: Object) -> list[Object]:
    """The objects of a kind that one of `owners` made, of those that the Deployment selects."""
    uids = {owner["metadata"]["uid"] for owner in owners}
    found = await cluster.select(kind, as_selector(deployment["spec"]["selector"]))
    return [each for each in found if any(o["uid"] in uids for o in each["metadata"].get("ownerReferences") or ())]


async def _scale_up(cluster: Cluster, instance: Instance, deployment: Object) -> None:
    """The step is annotated, as on a Deployment of Reprise's own; replicas are set only where there are none."""
    meta = deployment["metadata"]
    annotations = {STEP: str(instance.step), REPLICAS: None}
    change: Object = {"metadata": {"resourceVersion": meta["resourceVersion"], "annotations": annotations}}
    if not deployment["spec"].get("replicas", 1):
        before = (meta.get("annotations") or {}).get(REPLICAS, "")
        change["spec"] = {"replicas": int(before) if before.isdecimal() else 1}
    if await cluster.patch(DEPLOYMENT, meta["name"], change) is None:
        raise NotYet(f"Deployment {meta['name']} changed meanwhile", after=0.2)


def _must_be_there(kind: Kind, name: str, found: Object | None) -> None:
    if kind is CLAIM and (found is None or terminating(found)):
        how = "is gone, and the data with it" if found is None else "is being deleted by somebody"
        raise ClusterRefused(ErrorCode.DATA_MISSING, f"PersistentVolumeClaim {name} {how}.")
    if kind is DEPLOYMENT and found is None:
        why = "It was adopted, so only whoever made it knows its pods: make it again under this name."
        raise ClusterRefused(ErrorCode.CLUSTER_REFUSED, f"Deployment {name} is gone. {why}")
    if kind is DEPLOYMENT and found is not None and terminating(found):
        raise NotYet(f"Deployment {name} is being deleted")
