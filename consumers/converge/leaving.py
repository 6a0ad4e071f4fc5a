"""For a row that wants nothing done: what earlier attempts left behind is removed."""

import structlog

from cluster.leftovers import remove_leftovers
from consumers.converge.parts import Parts
from schemas.events import Event
from statemachine.instance import Instance

log = structlog.get_logger()


async def tidy(parts: Parts, row: Instance) -> list[Event]:
    """Nothing to say about the instance; what was removed is logged."""
    removed = await remove_leftovers(parts.cluster, row, parts.check(row))
    if removed:
        names = sorted(f"{kind}/{name}" for kind, name in removed)
        log.warning("leftovers.removed", instance=str(row.id), objects=names)
    return []
