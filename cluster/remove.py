"""Removes the objects of an instance: one attempt's after it failed, or all of them after a person deleted it."""

from collections.abc import Awaitable, Callable

from cluster.adopted import mark_adopted
from cluster.client import Cluster
from cluster.kinds import CLAIM, DEPLOYMENT, POD, SECRET, SERVICE
from cluster.names import ATTEMPT, DATABASE, ODOO, labels, object_names
from cluster.removal import INSTANCE_GROUPS, Check, Name, names, note, remove_labelled, select, server_kinds, told
from cluster.sight import Sight, terminating
from schemas.errors import NotYet, Refused
from schemas.payloads import ReceiptLine
from statemachine.instance import Instance

LISTED = (DEPLOYMENT, CLAIM, SERVICE, SECRET)


Database = Callable[[bool], Awaitable[list[ReceiptLine]]]
"""Deals with the database once no pod is left; told whether a node had taken one, it answers what it did."""


async def remove(
    cluster: Cluster, instance: Instance, sight: Sight, check: Check, database: Database
) -> list[ReceiptLine]:
    """Remove the objects of the present attempt, which never ran. Raises NotYet until they are seen gone.

    `sight` is the look upon which this was decided: a Deployment that has changed since then is left for another
    look. `check` is asked before every deletion.
    """
    if instance.has_run:
        raise Refused("The instance has run: its volume holds a customer's work and is not for clean-up to remove.")
    mine = labels(cluster.installation, instance.id, ODOO) | {ATTEMPT: str(instance.attempt)}
    await mark_adopted(cluster, instance)
    if sight.deployment is not None and not terminating(sight.deployment):
        await note(cluster, mine, INSTANCE_GROUPS)
        await check()
        if not await cluster.delete(DEPLOYMENT, sight.deployment, unchanged=True):
            raise NotYet("the Deployment has changed since it was looked at", after=0.1)
    lines = await _remove(cluster, instance, mine, check, database)
    return [*lines, *await kept(cluster, instance)]


async def remove_everything(
    cluster: Cluster, instance: Instance, check: Check, database: Database
) -> list[ReceiptLine]:
    """Remove the objects of all attempts, volumes too: for an instance that a person has deleted. Raises NotYet."""
    every = labels(cluster.installation, instance.id, ODOO)
    await mark_adopted(cluster, instance)
    return await _remove(cluster, instance, every, check, database)


async def kept(cluster: Cluster, instance: Instance) -> list[ReceiptLine]:
    """What a clean-up leaves on purpose: the objects of a dedicated database server."""
    why = "the database server is reused by the retry"
    kinds = (*await server_kinds(cluster), *LISTED)
    found = await select(cluster, kinds, labels(cluster.installation, instance.id, DATABASE))
    return [ReceiptLine(kind=kind, name=name, action="kept", why=why) for kind, name in sorted(names(found))]


async def _remove(
    cluster: Cluster, instance: Instance, wanted: dict[str, str], check: Check, database: Database
) -> list[ReceiptLine]:
    done: list[ReceiptLine] = []

    async def before_last(found: set[Name]) -> None:
        started = any(kind == POD.name for kind, _ in found)
        done.extend(await database(started))

    removed = await remove_labelled(cluster, wanted, check, INSTANCE_GROUPS, before_last)
    return [*told(_expected(instance), removed), *done]


def _expected(instance: Instance) -> list[Name]:
    return [(kind.name, name) for kind in LISTED for name in object_names(instance)[kind]]
