"""Rows of the outbox: events, timers, and the news of a change for whoever looks on."""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from persistence.chain import Entry
from schemas.cloudevents import CHANGES, subject
from schemas.events import Event
from statemachine.instance import Instance


class Message(NamedTuple):
    """What the relay will publish; `available_at` None means at once. A timer stays until it has been decided."""

    instance_id: UUID
    event_id: UUID
    subject: str
    body: bytes
    timer: bool
    available_at: datetime | None


def of_event(event: Event, due: datetime | None = None) -> Message:
    """A command to send at once, or a timer to send when it is due."""
    return Message(
        event.instance_id,
        event.id,
        subject(event),
        event.encode(),
        due is not None,
        due,
    )


def of_change(entry: Entry, instance: Instance) -> Message:
    """state.changed: the row of the audit log as people and watchers need it."""
    document: dict[str, Any] = {
        "instance_id": instance.id,
        "customer_id": instance.customer_id,
        "sequence": entry.sequence,
        "type": entry.type,
        "actor": entry.actor,
        "outcome": entry.outcome,
        "state_before": entry.state_before,
        "state_after": entry.state_after,
        "status": instance.status,
        "provisioning_status": instance.provisioning_status,
        "attempt": instance.attempt,
        "step": instance.step,
        "cause": instance.cause,
        "error_code": instance.error_code,
        "error_message": instance.error_message,
        "job_id": instance.job_id,
        "at": entry.recorded_at.astimezone(UTC),
    }
    return Message(
        instance.id,
        entry.event_id,
        f"{CHANGES}.{instance.id}",
        orjson.dumps(document, default=str),
        False,
        None,
    )
