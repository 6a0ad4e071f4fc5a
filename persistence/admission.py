"""Who may deploy next: counting the places and giving them away is one locked transaction."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from persistence.batch import Result
from persistence.engine import transaction
from persistence.rows import SELECT, from_row
from persistence.writer import Writer
from schemas.events import Actor, Event
from schemas.payloads import Nothing
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.states import HOLDS_A_PLACE

LOCK = 0x5265_7072_6973_6501
_ADMISSION = Actor("admission", "lifecycle")
_PLACES = ", ".join(f"'{state.value}'" for state in sorted(HOLDS_A_PLACE))

# who waits unschedulable for longer than the ordinary deadline, by the patience of its request, holds no place
_TAKEN = f"""
SELECT count(*) FROM instances WHERE state IN ({_PLACES})
AND NOT (state = 'deploying' AND cause IS NOT NULL AND applied_at < $1::timestamptz - $2 * interval '1 second')
"""  # noqa: S608  # state names of our own
_QUEUE = f"""
SELECT {SELECT} FROM instances WHERE state = 'pending' AND held_at IS NULL ORDER BY queued_at, id LIMIT $1
"""  # noqa: S608  # column names of our own


async def admit(writer: Writer, places: int) -> Sequence[Result]:
    """Admits the instances that have waited longest, as long as there are places. Raises DependencyDown."""
    async with transaction(writer.engine) as connection:
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock($1)", (LOCK,))
        events = [_admitted(instance, writer) for instance in await _next(connection, writer, places)]
        results = await writer.apply_in(connection, events) if events else []
    writer.announce(results)
    return results


async def _next(connection: AsyncConnection, writer: Writer, places: int) -> list[Instance]:
    taken = await connection.exec_driver_sql(_TAKEN, (writer.clock(), writer.policy.deploy_timeout))
    free = places - int(taken.scalar_one())
    if free <= 0:
        return []
    rows = await connection.exec_driver_sql(_QUEUE, (free,))
    return [from_row(row) for row in rows.mappings()]


def _admitted(instance: Instance, writer: Writer) -> Event:
    return Event(
        id=admission_id(instance.id, instance.step),
        type=EventType.PROVISION_ADMITTED,
        instance_id=instance.id,
        time=writer.clock(),
        actor=_ADMISSION,
        data=Nothing(),
        correlation_id=instance.job_id,
        attempt=instance.attempt,
        step=instance.step,
    )


def admission_id(instance_id: UUID, step: int) -> UUID:
    """One admission a step."""
    return uuid5(instance_id, f"{step}/{EventType.PROVISION_ADMITTED.value}")
