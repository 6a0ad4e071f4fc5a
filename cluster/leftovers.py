"""Finds and removes what interrupted or delayed effects left of attempts that never ran and that nobody wants."""

from cluster.client import Cluster
from cluster.kinds import CLAIM
from cluster.names import ATTEMPT, ODOO, labels
from cluster.removal import INSTANCE_GROUPS, Check, Name, remove_labelled, select
from statemachine.instance import Instance
from statemachine.states import State

WITHOUT_VOLUME = tuple(tuple(kind for kind in group if kind is not CLAIM) for group in INSTANCE_GROUPS)


async def leftovers(cluster: Cluster, instance: Instance) -> list[int]:
    """The attempts of which objects are there that the row provably does not want."""
    kinds = [kind for group in INSTANCE_GROUPS for kind in group]
    found = await select(cluster, kinds, labels(cluster.installation, instance.id, ODOO))
    attempts = {attempt_of(each["metadata"].get("labels") or {}) for _, each in found}
    return sorted(attempt for attempt in attempts if attempt is not None and is_leftover(instance, attempt))


async def remove_leftovers(cluster: Cluster, instance: Instance, check: Check) -> set[Name]:
    """Remove them; returns kind and name of each. Raises NotYet until they are seen gone."""
    removed: set[Name] = set()
    mine = labels(cluster.installation, instance.id, ODOO)
    for attempt in await leftovers(cluster, instance):
        has_run = instance.has_run and attempt == instance.attempt
        groups = WITHOUT_VOLUME if has_run else INSTANCE_GROUPS
        removed |= await remove_labelled(cluster, mine | {ATTEMPT: str(attempt)}, check, groups)
    return removed


def is_leftover(instance: Instance, attempt: int) -> bool:
    """An attempt before the present one never ran, since the number stays the same once one has; nor did one in error.

    Of a deleted instance nothing is wanted. A later attempt than the row's is unknown: the database may have been
    restored to an earlier day.
    """
    over = instance.state is State.DELETED or (instance.state is State.ERROR and not instance.has_run)
    return attempt < instance.attempt or (over and attempt == instance.attempt)


def attempt_of(found: dict[str, str]) -> int | None:
    """The attempt in an object's labels, None where there is none."""
    text = found.get(ATTEMPT, "")
    return int(text) if text.isdecimal() else None
