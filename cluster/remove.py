"""Removes the objects of an instance: one attempt's after it failed, or all of them after a person deleted it."""

from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, SECRET, SERVICE, STATEFUL_SET
from cluster.names import ATTEMPT, DATABASE, ODOO, attempt_name, labels
from cluster.removal import INSTANCE_GROUPS, Check, Name, names, note, remove_labelled, select, told
from cluster.sight import Sight, terminating
from schemas.errors import NotYet, Refused
from schemas.payloads import Receipt, ReceiptLine
from statemachine.instance import Instance

LISTED = (DEPLOYMENT, CLAIM, SERVICE, SECRET)


async def remove(cluster: Cluster, instance: Instance, sight: Sight, check: Check) -> Receipt:
    """Remove the objects of the present attempt, which never ran. Raises NotYet until they are seen gone.

    `sight` is the look upon which this was decided: a Deployment that has changed since then is left for another
    look. `check` is asked before every deletion.
    """
    if instance.has_run:
        raise Refused("The instance has run: its volume holds a customer's work and is not for clean-up to remove.")
    mine = labels(cluster.installation, instance.id, ODOO) | {ATTEMPT: str(instance.attempt)}
    if sight.deployment is not None and not terminating(sight.deployment):
        await note(cluster, mine, INSTANCE_GROUPS)
        await check()
        if not await cluster.delete(DEPLOYMENT, sight.deployment, unchanged=True):
            raise NotYet("the Deployment has changed since it was looked at", after=0.1)
    removed = await remove_labelled(cluster, mine, check, INSTANCE_GROUPS)
    return Receipt(objects=(*told(_expected(instance), removed), *await kept(cluster, instance)))


async def remove_everything(cluster: Cluster, instance: Instance, check: Check) -> list[ReceiptLine]:
    """Remove the objects of all attempts, volumes too: for an instance that a person has deleted. Raises NotYet."""
    every = labels(cluster.installation, instance.id, ODOO)
    return told(_expected(instance), await remove_labelled(cluster, every, check, INSTANCE_GROUPS))


async def kept(cluster: Cluster, instance: Instance) -> list[ReceiptLine]:
    """What a clean-up leaves on purpose: the objects of a dedicated database server."""
    why = "the database server is reused by the retry"
    found = await select(cluster, (STATEFUL_SET, *LISTED), labels(cluster.installation, instance.id, DATABASE))
    return [ReceiptLine(kind=kind, name=name, action="kept", why=why) for kind, name in sorted(names(found))]


def _expected(instance: Instance) -> list[Name]:
    return [(kind.name, attempt_name(instance)) for kind in LISTED]
