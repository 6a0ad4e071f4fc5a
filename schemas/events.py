"""The event: what happened or is wished, to which instance, said by whom and caused by what."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self
from uuid import UUID, uuid4, uuid5

import orjson
from pydantic import ValidationError

from schemas.errors import BrokenMessage
from schemas.payloads import PAYLOADS
from schemas.remedies import first_problem
from schemas.requests import Closed
from schemas.types import EventType, Kind, kind_of

SCHEMA_VERSION = 1
"""Version of all payload models; stands in `dataschema` and rises when an old message would be read wrongly."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and by what means: ("cli", "alice"), ("timer", "relay"), ("watcher", "watcher")."""

    via: str
    name: str

    def __str__(self) -> str:
        return f"{self.via}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of str()."""
        via, _, name = text.partition(":")
        return cls(via, name)


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    `step` fences: facts, timers and commands carry the step they belong to, wishes carry none.
    `correlation_id` is the job: the wish that began the attempt. `causation_id` is the event that caused this one.
    """

    id: UUID
    type: EventType
    instance_id: UUID
    time: datetime
    actor: Actor
    data: Closed
    correlation_id: UUID
    attempt: int | None = None
    step: int | None = None
    reason: str = ""
    causation_id: UUID | None = None
    traceparent: str | None = None
    replay_id: UUID | None = field(default=None)

    @property
    def kind(self) -> Kind:
        """Wish, fact, timer or command."""
        return kind_of(self.type)

    def encode(self) -> bytes:
        """The whole event as JSON bytes, in the fixed order in which it is hashed."""
        document = {
            "id": self.id,
            "type": self.type,
            "instance_id": self.instance_id,
            "time": self.time.astimezone(UTC),
            "actor": f"{self.actor.via}:{self.actor.name}",
            "reason": self.reason,
            "attempt": self.attempt,
            "step": self.step,
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "traceparent": self.traceparent,
            "replay_id": self.replay_id,
            "data": orjson.Fragment(self.data.model_dump_json()),
        }
        return orjson.dumps(document, default=str)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """The inverse of `encode`, for bytes that Reprise wrote itself. Raises BrokenMessage."""
        try:
            return cls._from(orjson.loads(raw))
        except (KeyError, TypeError, ValueError) as error:
            raise BrokenMessage("event", f"is no event that Reprise wrote: {error}") from error

    @classmethod
    def _from(cls, document: dict[str, Any]) -> Self:
        event_type = EventType(document["type"])
        return cls(
            id=UUID(document["id"]),
            type=event_type,
            instance_id=_uuid(document["instance_id"]),
            time=datetime.fromisoformat(document["time"]),
            actor=Actor.parse(document["actor"]),
            reason=document["reason"],
            attempt=document["attempt"],
            step=document["step"],
            correlation_id=_uuid(document["correlation_id"]),
            causation_id=_uuid(document["causation_id"]) if document["causation_id"] else None,
            traceparent=document["traceparent"],
            replay_id=UUID(document["replay_id"]) if document["replay_id"] else None,
            data=PAYLOADS[event_type].model_validate(document["data"]),
        )


_uuid = lru_cache(maxsize=1_024)(UUID)
"""Whoever reads many events meets the ids of the same few instances and jobs again and again."""


def payload(event_type: EventType, raw: bytes | str) -> Closed:
    """The data of an event from JSON. Raises BrokenMessage naming the field that is wrong."""
    try:
        return PAYLOADS[event_type].model_validate_json(raw)
    except ValidationError as error:
        path, sentence = first_problem(error)
        raise BrokenMessage(f"data.{path}" if path else "data", sentence) from error


def wish(
    event_type: EventType,
    instance_id: UUID,
    actor: Actor,
    now: datetime,
    data: Closed | None = None,
    *,
    reason: str = "",
    event_id: UUID | None = None,
    traceparent: str | None = None,
) -> Event:
    """A person's wish. It begins a job of its own, so its id is the correlation id of all that follows."""
    identity = event_id or uuid4()
    return Event(
        id=identity,
        type=event_type,
        instance_id=instance_id,
        time=now,
        actor=actor,
        data=data if data is not None else PAYLOADS[event_type](),
        correlation_id=identity,
        reason=reason,
        traceparent=traceparent,
    )


def fact_id(instance_id: UUID, step: int, event_type: EventType, observed: str) -> UUID:
    """The id of a fact: the same whenever the same is observed under the same step, so saying it twice is harmless.

    `observed` is what was seen and its resourceVersion: reasons A, B, A are three facts, a relist of A is none.
    """
    return uuid5(instance_id, f"{step}/{event_type.value}/{observed}")
