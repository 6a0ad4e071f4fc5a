"""An audit log of any length, by the writer's own decisions: instances that fail once, and run by their retry."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from uuid import uuid4

import asyncpg

from persistence import statements as sql
from persistence.batch import Batch
from persistence.rows import to_arrays
from schemas.codes import ErrorCode
from schemas.events import Actor, Event, wish
from schemas.payloads import PAYLOADS, DatabaseAllocated, Progress, ProvisionRequested, Receipt, Scheduled, TimerDue
from schemas.requests import Closed
from schemas.types import WISHES
from schemas.types import EventType as E
from statemachine.instance import Instance
from statemachine.policy import Policy

AT_A_TIME = 500
_ROOM = Progress(error_code=ErrorCode.INSUFFICIENT_RESOURCES, cause="0/3 nodes are available: 3 Insufficient memory.")
_DATABASE = DatabaseAllocated(db_server_id="shared-1", host="db.internal", port=5432, database="odoo_1", username="u_1")
LIFE: tuple[tuple[E, Closed | None], ...] = (
    (E.PROVISION_ADMITTED, None),
    (E.DATABASE_ALLOCATED, _DATABASE),
    (E.DEPLOY_APPLIED, None),
    (E.DEPLOY_PROGRESSING, _ROOM),
    (E.DEPLOY_TIMEOUT, TimerDue(after=180)),
    (E.CLEANUP_COMPLETED, Receipt(objects=())),
    (E.RETRY_REQUESTED, None),
    (E.PROVISION_ADMITTED, None),
    (E.DATABASE_ALLOCATED, _DATABASE),
    (E.DEPLOY_APPLIED, None),
    (E.DEPLOY_SCHEDULED, Scheduled(node="node-1")),
    (E.DEPLOY_READY, None),
)
"""A first attempt that finds no room, its retry that runs; retry.verified follows by itself: fourteen rows each."""
ROWS_EACH = len(LIFE) + 2


def _event(kind: E, data: Closed | None, instance: Instance, now: datetime) -> Event:
    payload = data if data is not None else PAYLOADS[kind]()
    if kind in WISHES:
        return wish(kind, instance.id, Actor("cli", "alice"), now, payload, reason="there is room now")
    return Event(
        uuid4(), kind, instance.id, now, Actor("watcher", "watcher"), payload, instance.job_id, instance.attempt,
        instance.step,
    )  # fmt: skip


def lived(now: datetime, life: Sequence[tuple[E, Closed | None]], customers: Sequence[str]) -> Batch:
    """An instance of each of these customers, with all of its life in one batch."""
    batch = Batch({}, {}, set(), set(), now, Policy())
    asked = [ProvisionRequested(customer_id=customer, name=f"n{uuid4().hex[:20]}") for customer in customers]
    batch.run(wish(E.PROVISION_REQUESTED, uuid4(), Actor("cli", "alice"), now, data) for data in asked)
    for kind, data in life:
        batch.now += timedelta(seconds=7)
        batch.run([_event(kind, data, instance, batch.now) for instance in list(batch.instances.values())])
    return batch


async def fill(connection: "asyncpg.Connection[asyncpg.Record]", events: int) -> None:
    """At least so many rows, and the instances that they lead to."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(ceil(events / (ROWS_EACH * AT_A_TIME))):
        batch = lived(now, LIFE, ["bench"] * AT_A_TIME)
        now = batch.now
        await write(connection, batch)
    await connection.execute("ANALYZE")


async def write(connection: "asyncpg.Connection[asyncpg.Record]", batch: Batch) -> None:
    """What the batch has come to: rows of the audit log, and the instances."""
    columns = list(sql.ENTRY_COLUMNS)
    values = [(*(getattr(entry, name) for name in columns[:-2]), prev, digest) for entry, prev, digest in batch.entries]
    await connection.copy_records_to_table("audit_log", records=values, columns=columns)
    known = [(entry.event_id, entry.instance_id, entry.sequence) for entry, _, _ in batch.entries]
    await connection.copy_records_to_table("event_ids", records=known)
    arrays = to_arrays(batch.instances.values())
    tips = [batch.tips[instance_id] for instance_id in batch.instances]
    await connection.execute(sql.INSERT_INSTANCES, *arrays, [tip.sequence for tip in tips], [tip.hash for tip in tips])
