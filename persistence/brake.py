"""The brake as the database holds it: on by itself when too many instances are lost at once, off by a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from persistence.engine import transaction, translated
from schemas.events import Event
from schemas.settings import Settings
from statemachine.brake import stopped, unexplained
from statemachine.instance import Instance
from statemachine.states import State

log = structlog.get_logger()

LOCK = 0x5265_7072_6973_6502
_AT_STAKE = [
    state.value for state in (State.DEPLOYING, State.INITIALIZING, State.RUNNING, State.DEGRADED, State.STARTING)
]

_ENGAGED = "SELECT engaged_at, why FROM brakes WHERE released_at IS NULL"
_SET_BACK = """
SELECT DISTINCT instance_id FROM audit_log
WHERE recorded_at > greatest($1::timestamptz, (SELECT max(released_at) FROM brakes)) AND outcome = 'applied'
AND (type = 'deploy.lost' OR type IN ('deploy.timeout', 'init.timeout') AND error_code = 'timeout')
"""
_OTHERS = "SELECT count(*) FROM instances WHERE state = ANY($1::text[]) AND id <> ALL($2::uuid[])"
_TRUSTED = "SELECT EXISTS (SELECT FROM brakes WHERE released_at > $1)"
_ENGAGE = "INSERT INTO brakes (engaged_at, why) VALUES ($1, $2)"
_RELEASE = """
UPDATE brakes SET released_at = :now, released_by = :actor, reason = :reason
WHERE released_at IS NULL RETURNING engaged_at, why
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """The brake goes on when more than `share` of the instances at stake, and at least `at_least` of them, were lost or
    timed out for no cause that the cluster told, within `window` seconds.
    """

    share: float = 0.3
    at_least: int = 5
    window: float = 600

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of this process."""
        return cls(settings.brake_share, settings.brake_at_least, settings.brake_window)


class Engaged(NamedTuple):
    """Since when the brake is on, and why."""

    since: datetime
    why: str


async def engaged(engine: AsyncEngine) -> Engaged | None:
    """The brake, None while it is off. Raises DependencyDown."""
    async with translated(), engine.connect() as connection:
        return await _read(connection)


async def release(engine: AsyncEngine, actor: str, reason: str, now: datetime) -> Engaged | None:
    """Take it off; it does not go on again for one window, since a person has looked. None: it was off.

    Raises DependencyDown.
    """
    values = {"now": now, "actor": actor, "reason": reason}
    async with transaction(engine) as connection:
        row = (await connection.execute(text(_RELEASE), values)).one_or_none()
    if row is not None:
        log.warning("brake.released", actor=actor, reason=reason)
    return Engaged._make(row) if row is not None else None


async def is_on(
    connection: AsyncConnection,
    events: Iterable[Event],
    instances: dict[UUID, Instance],
    now: datetime,
    limits: Limits,
) -> bool:
    """Whether the brake is on for these events, decided at `now`; they may be what engages it."""
    concerned = [(event, instances[event.instance_id]) for event in events if event.instance_id in instances]
    current = [(event, instance) for event, instance in concerned if event.step == instance.step]
    if not any(stopped(event.type, instance) for event, instance in current):
        return False
    suspects = {instance.id for event, instance in current if unexplained(event.type, instance)}
    if suspects:  # one at a time, so that what two batches see together is counted together
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock($1)", (LOCK,))
    if await _read(connection) is not None:
        return True
    return bool(suspects) and await _engage(connection, suspects, now, limits)


async def _engage(connection: AsyncConnection, suspects: set[UUID], now: datetime, limits: Limits) -> bool:
    begin = now - timedelta(seconds=limits.window)
    before = await connection.exec_driver_sql(_SET_BACK, (begin,))
    lost = suspects.union(before.scalars())
    others = await connection.exec_driver_sql(_OTHERS, (_AT_STAKE, list(lost)))
    count, stake = len(lost), len(lost) + int(others.scalar_one())
    if count < limits.at_least or count <= limits.share * stake:
        return False
    if (await connection.exec_driver_sql(_TRUSTED, (begin,))).scalar_one():
        return False
    why = f"{count} of {stake} instances were lost or timed out within {limits.window:g} s"
    await connection.exec_driver_sql(_ENGAGE, (now, why))
    log.error("brake.engaged", why=why)
    return True


async def _read(connection: AsyncConnection) -> Engaged | None:
    row = (await connection.exec_driver_sql(_ENGAGED)).one_or_none()
    return Engaged._make(row) if row is not None else None
