"""Puts back into the outbox what instances on their way wait for, where it was lost or belongs to other rows.

The timers follow from the audit log. The one that sends the state's command again is made due at once, so that the
command goes out as always: decided, recorded, and by the relay.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID, uuid5

from persistence.messages import Message, of_event
from persistence.rebuilt_table import SCHEMA, Connection
from persistence.restoring import TRAILS
from persistence.statements import DROP_TIMERS, INSERT_OUTBOX
from schemas.events import Event
from schemas.payloads import TimerDue
from schemas.types import EventType
from statemachine.decision import Timer
from statemachine.fold import Recorded
from statemachine.pending import Pending
from statemachine.policy import Policy
from statemachine.table import TRANSITIONAL

_ON_THE_WAY = f"""
SELECT id, overdue FROM {SCHEMA}.instances r WHERE (state = ANY($1::text[]) OR deadline_at IS NOT NULL)
AND NOT EXISTS (SELECT FROM {SCHEMA}.broken b WHERE b.instance_id = r.id) ORDER BY id
"""  # noqa: S608  # names of our own
_TIMERS = "SELECT instance_id, subject FROM outbox WHERE timer AND instance_id = ANY($1::uuid[])"
_ROWS = f"SELECT event, recorded_at, policy FROM {TRAILS} WHERE instance_id = $1 ORDER BY sequence"  # noqa: S608
_AT_A_TIME = 500
"""Rows of a trail that are held at a time."""


async def without_timers(connection: Connection) -> int:
    """How many rebuilt instances lack a timer in the outbox that their rows leave pending."""
    on_the_way = await _on_the_way(connection)
    there = await _subjects(connection, list(on_the_way))
    lacking = 0
    for instance_id, overdue in on_the_way.items():
        lacking += bool(await _missing(connection, instance_id, overdue, there))
    return lacking


async def put_back(connection: Connection, changed: Collection[UUID]) -> int:
    """The timers of the rebuilt instances that were `changed`, and those that others lack; how many."""
    on_the_way = await _on_the_way(connection)
    await connection.execute(DROP_TIMERS, [each for each in on_the_way if each in changed])
    there = await _subjects(connection, list(on_the_way))
    written = 0
    for instance_id, overdue in on_the_way.items():
        missing = await _missing(connection, instance_id, overdue, there)
        written += len(missing)
        await connection.executemany(INSERT_OUTBOX, [[[value] for value in message] for message in missing])
    return written


async def _on_the_way(connection: Connection) -> dict[UUID, int]:
    """How often each was overdue."""
    return {row["id"]: row["overdue"] for row in await connection.fetch(_ON_THE_WAY, TRANSITIONAL)}


async def _subjects(connection: Connection, ids: list[UUID]) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for row in await connection.fetch(_TIMERS, ids):
        found[row["instance_id"]].add(row["subject"])
    return found


async def _missing(
    connection: Connection, instance_id: UUID, overdue: int, there: dict[UUID, set[str]]
) -> list[Message]:
    pending = await _pending(connection, instance_id, overdue)
    return [message for message in pending if message.subject not in there[instance_id]]


async def _pending(connection: Connection, instance_id: UUID, overdue: int) -> list[Message]:
    pending = Pending()
    async for row in connection.cursor(_ROWS, instance_id, prefetch=_AT_A_TIME):
        pending.take(Recorded(Event.decode(row["event"]), row["recorded_at"], Policy.decode(row["policy"])))
    return [_message(timer, overdue) for timer in pending.timers]


def _message(timer: Timer, overdue: int) -> Message:
    """The rows know of the first repetition alone; the next to be accepted follows the last one there was."""
    event, data = timer.event, timer.event.data
    if event.type is not EventType.STEP_OVERDUE or not isinstance(data, TimerDue):
        return of_event(event, timer.due)
    again = replace(event, id=uuid5(event.id, str(overdue)), data=data.model_copy(update={"count": overdue + 1}))
    return of_event(again, timer.due)._replace(available_at=None)
