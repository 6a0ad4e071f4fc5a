"""For a row that wants nothing done: what earlier attempts left is removed, an adopted one's new pods are labelled."""

import structlog

from cluster.adopted import mark_adopted
from cluster.leftovers import remove_leftovers
from consumers.converge.parts import Parts
from schemas.events import Event
from statemachine.instance import Instance

log = structlog.get_logger()


async def tidy(parts: Parts, row: Instance) -> list[Event]:
    """Nothing to say about the instance; what was removed is logged."""
    await mark_adopted(parts.cluster, row)
    removed = await remove_leftovers(parts.cluster, row, parts.check(row))
    if removed:
        names = sorted(f"{kind}/{name}" for kind, name in removed)
        log.warning("leftovers.removed", instance=str(row.id), objects=names)
    return []
