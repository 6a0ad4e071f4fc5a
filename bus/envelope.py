"""Events as NATS messages: CloudEvents in binary mode, signed where they must be."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bus import signing
from schemas import cloudevents
from schemas.errors import BrokenMessage
from schemas.events import Actor, Event
from schemas.text import cleaned
from schemas.types import Kind

MESSAGE_ID = "Nats-Msg-Id"
MAX_DATA = 64 * 1024
MAX_AHEAD = timedelta(minutes=5)
MAX_AGE = timedelta(days=30)
"""How far the clock of whoever wishes may be off; a wish may also have waited long to be read."""


class Received(Protocol):
    """A message as nats-py and FastStream both give it."""

    @property
    def subject(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, str] | None: ...


def sealed(key: bytes, headers: dict[str, str], data: bytes, message_id: str) -> dict[str, str]:
    """`headers` with signature and message id."""
    return {**headers, signing.HEADER: signing.signature(key, headers, data), MESSAGE_ID: message_id}


def encode(event: Event, key: bytes) -> tuple[str, bytes, dict[str, str]]:
    """Subject, data and headers of a message for INSTANCES."""
    headers, data = cloudevents.binary(event.encode())
    return cloudevents.subject(event), data, sealed(key, headers, data, str(event.id))


def decode(message: Received, key: bytes) -> Event:
    """The event in a message.

    Raises BrokenMessage where it cannot be read, ForbiddenEvent where its publisher may not publish it.
    """
    headers, data = message.headers or {}, message.data
    if len(data) > MAX_DATA:
        raise BrokenMessage("data", f"is {len(data)} bytes long; at most {MAX_DATA} are read")
    event = cloudevents.parse(headers, data)
    signing.check(key, headers, data)
    if message.subject != cloudevents.subject(event):
        raise BrokenMessage("subject", f"is {message.subject}, and the event says {cloudevents.subject(event)}")
    if event.kind is not Kind.WISH:
        return event
    _check_clock(event.time, datetime.now(UTC))
    return _as_wish(event)


def _check_clock(said: datetime, now: datetime) -> None:
    """Nothing is decided by an event's own time, but what is recorded of a person's wish shall be believable."""
    if said - now > MAX_AHEAD:
        minutes = MAX_AHEAD.total_seconds() / 60
        raise BrokenMessage(
            "ce-time", f"{said.isoformat()} is ahead of this server's clock by more than {minutes:g} minutes"
        )
    if now - said > MAX_AGE:
        raise BrokenMessage("ce-time", f"{said.isoformat()} is more than {MAX_AGE.days} days ago; send the wish anew")


def _as_wish(event: Event) -> Event:
    """By hand, on the bus: whoever it says it is, it came by the bus, and it begins a job of its own."""
    claimed = cleaned(event.actor.name or event.actor.via, 100)
    return replace(event, actor=Actor("bus", claimed), correlation_id=event.id, attempt=None, step=None)


def is_replay(headers: Mapping[str, str] | None) -> bool:
    """Whether a message is a past event that was sent again; parts that have effects ignore those.

    Raises BrokenMessage where the id of the replay is none.
    """
    given = headers or {}
    return cloudevents.replay_id(given) is not None or given.get("replay", "").lower() == "true"
