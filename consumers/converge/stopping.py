"""For a row that shall not run but be kept: scaled to zero."""

from cluster.stop import stop
from consumers.converge.parts import Parts
from schemas.events import Event
from schemas.payloads import Nothing
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State


async def scale_to_zero(parts: Parts, row: Instance) -> list[Event]:
    """stop.completed, once no pod is left; one that is stopped already is only kept so."""
    await stop(parts.cluster, row, parts.check(row))
    if row.state is State.STOPPED:
        return []
    return [parts.fact(row, EventType.STOP_COMPLETED, Nothing(), "stopped")]
