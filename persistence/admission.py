"""Who may deploy next: counting the places and giving them away is one locked transaction."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from persistence.batch import Result
from persistence.engine import transaction
from persistence.writer import Writer
from schemas.events import Actor, Event
from schemas.payloads import Nothing
from schemas.types import EventType
from statemachine.states import HOLDS_A_PLACE

LOCK = 0x5265_7072_6973_6501
_ADMISSION = Actor("admission", "lifecycle")
_PLACES = ", ".join(f"'{state.value}'" for state in sorted(HOLDS_A_PLACE))

# Who waits unschedulable for longer than the ordinary deadline, by the patience of its request, holds no place.
# In the order of an index: a bitmap of it would read every dead row version again at each count.
_TAKEN = f"""
SELECT count(*) FROM (
    SELECT id FROM instances WHERE state IN ({_PLACES})
    AND NOT (state = 'deploying' AND cause IS NOT NULL AND applied_at < $1::timestamptz - $2 * interval '1 second')
    ORDER BY id LIMIT $3
) AS taken
"""  # noqa: S608  # state names of our own
_QUEUE = """
SELECT id, step, job_id, attempt FROM instances
WHERE state = 'pending' AND held_at IS NULL ORDER BY queued_at, id LIMIT $1
"""


class Waiting(NamedTuple):
    """Who waits for a place: what the event of its admission says of it."""

    id: UUID
    step: int
    job_id: UUID
    attempt: int


async def admit(writer: Writer, places: int) -> Sequence[Result]:
    """Admits the instances that have waited longest, as long as there are places. Raises DependencyDown."""
    async with transaction(writer.engine) as connection:
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock($1)", (LOCK,))
        events = [_admitted(waiting, writer) for waiting in await _next(connection, writer, places)]
        results = await writer.apply_in(connection, events) if events else []
    writer.announce(results)
    return results


async def _next(connection: AsyncConnection, writer: Writer, places: int) -> list[Waiting]:
    taken = await connection.exec_driver_sql(_TAKEN, (writer.clock(), writer.policy.deploy_timeout, places))
    free = places - int(taken.scalar_one())
    if free <= 0:
        return []
    rows = await connection.exec_driver_sql(_QUEUE, (free,))
    return list(map(Waiting._make, rows))


def _admitted(waiting: Waiting, writer: Writer) -> Event:
    return Event(
        id=admission_id(waiting.id, waiting.step),
        type=EventType.PROVISION_ADMITTED,
        instance_id=waiting.id,
        time=writer.clock(),
        actor=_ADMISSION,
        data=Nothing(),
        correlation_id=waiting.job_id,
        attempt=waiting.attempt,
        step=waiting.step,
    )


def admission_id(instance_id: UUID, step: int) -> UUID:
    """One admission a step."""
    return uuid5(instance_id, f"{step}/{EventType.PROVISION_ADMITTED.value}")
