"""Scales an instance to zero and sees that no pod of it is left."""

from cluster.adopted import REPLICAS, mark_adopted
from cluster.client import Cluster
from cluster.kinds import DEPLOYMENT, POD, Object
from cluster.names import ODOO, labels, object_names
from cluster.removal import Check
from cluster.vanishing import until_gone
from schemas.errors import NotYet
from statemachine.instance import Instance


async def stop(cluster: Cluster, instance: Instance, check: Check) -> None:
    """Scale to zero. Raises NotYet until no pod is left, and what `check` raises.

    The Deployment is read before the row is checked and changed only in the version that was read: a stop that was
    held back cannot end a start that came after it, since that start changed the Deployment.
    """
    await mark_adopted(cluster, instance)
    for name in object_names(instance)[DEPLOYMENT]:
        deployment = await cluster.get(DEPLOYMENT, name)
        await check()
        if deployment is not None and deployment["spec"].get("replicas", 1) != 0:
            await _scale_to_zero(cluster, instance, deployment)
    await until_gone(cluster, (POD,), labels(cluster.installation, instance.id, ODOO))
    if await mark_adopted(cluster, instance):  # one may have been made between the first look and the scaling
        raise NotYet("pods are still there")


async def _scale_to_zero(cluster: Cluster, instance: Instance, deployment: Object) -> None:
    name, version = deployment["metadata"]["name"], deployment["metadata"]["resourceVersion"]
    change: Object = {"metadata": {"resourceVersion": version}, "spec": {"replicas": 0}}
    if instance.adopted is not None:
        change["metadata"]["annotations"] = {REPLICAS: str(deployment["spec"].get("replicas", 1))}
    if await cluster.patch(DEPLOYMENT, name, change) is None:
        raise NotYet(f"Deployment {name} changed meanwhile", after=0.2)
