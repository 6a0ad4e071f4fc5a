"""For a row whose attempt failed: look first, then remove what it made, and empty a database it began to fill."""

from cluster.observe import Observation, Phase, observe
from cluster.remove import remove
from cluster.sight import Sight, look
from consumers.converge.parts import Parts
from schemas.errors import NotYet
from schemas.events import Event
from schemas.payloads import Averted, Receipt, ReceiptLine, Scheduled
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import State


async def clean_up(parts: Parts, row: Instance) -> list[Event]:
    """The fact that ends it: cleanup.completed with the receipt, or that there is something worth keeping.

    Raises NotYet while that cannot be told.
    """
    sight = await look(parts.cluster, row)
    spared = _spared(parts, row, sight)
    if spared is not None:
        return [spared]
    if _may_be_well(parts, row):
        raise NotYet("the cluster to show what became of it during an outage")

    async def database(started: bool) -> list[ReceiptLine]:
        return await _empty(parts, row, started)

    lines = await remove(parts.cluster, row, sight, parts.check(row), database)
    return [parts.fact(row, EventType.CLEANUP_COMPLETED, Receipt(objects=tuple(lines)), "completed")]


def _spared(parts: Parts, row: Instance, sight: Sight) -> Event | None:
    """What became of it since the decision to remove it, while all of it is still there."""
    if not row.avertable or not sight.complete:
        return None
    seen = observe(sight, None, parts.clock(), parts.grace)
    if seen.phase is Phase.READY:
        return parts.fact(row, EventType.CLEANUP_AVERTED, Averted(), f"ready at {seen.seen}")
    return _scheduled(parts, row, seen)


def _may_be_well(parts: Parts, row: Instance) -> bool:
    """Its deadline ran out, and the cluster has only just come back: it may not show yet what became of the pod."""
    timed_out = row.failed_by in (EventType.DEPLOY_TIMEOUT, EventType.INIT_TIMEOUT)
    return timed_out and row.avertable and parts.cluster.outages.just_over(parts.clock())


def _scheduled(parts: Parts, row: Instance, seen: Observation) -> Event | None:
    """It had timed out waiting for a node, and a node has taken it: whoever watches had been away."""
    waited = row.state is State.CLEANING_UP and row.failed_by is EventType.DEPLOY_TIMEOUT
    if not waited or seen.phase is not Phase.SCHEDULED or seen.node is None:
        return None
    return parts.fact(row, EventType.DEPLOY_SCHEDULED, Scheduled(node=seen.node), seen.node)


async def _empty(parts: Parts, row: Instance, started: bool) -> list[ReceiptLine]:
    if row.database is None:
        return []
    if not (row.init_began or started):
        return [_line(row.database.database, "kept", "it is reused by the retry")]
    await parts.check(row)()
    await parts.databases.empty(row.id, row.attempt)
    return [_line(row.database.database, "emptied", "its initialisation had begun; the retry begins anew")]


def _line(database: str, action: str, why: str) -> ReceiptLine:
    return ReceiptLine.model_validate({"kind": "Database", "name": database, "action": action, "why": why})
