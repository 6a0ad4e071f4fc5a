"""Scales an instance to zero and sees that no pod of it is left."""

from cluster.client import Cluster
from cluster.kinds import DEPLOYMENT, POD
from cluster.names import ODOO, attempt_name, labels
from cluster.removal import Check
from cluster.vanishing import until_gone
from schemas.errors import NotYet
from statemachine.instance import Instance


async def stop(cluster: Cluster, instance: Instance, check: Check) -> None:
    """Scale to zero. Raises NotYet until no pod is left, and what `check` raises.

    The Deployment is read before the row is checked and changed only in the version that was read: a stop that was
    held back cannot end a start that came after it, since that start changed the Deployment.
    """
    name = attempt_name(instance)
    deployment = await cluster.get(DEPLOYMENT, name)
    await check()
    if deployment is not None and deployment["spec"].get("replicas", 1) != 0:
        version = deployment["metadata"]["resourceVersion"]
        change = {"metadata": {"resourceVersion": version}, "spec": {"replicas": 0}}
        if await cluster.patch(DEPLOYMENT, name, change) is None:
            raise NotYet(f"Deployment {name} changed meanwhile", after=0.2)
    await until_gone(cluster, (POD,), labels(cluster.installation, instance.id, ODOO))
