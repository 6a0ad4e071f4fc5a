"""Events as CloudEvents 1.0 in binary mode: attributes as `ce-*` headers, the payload as JSON data.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/nats-protocol-binding.md
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from schemas.errors import BrokenMessage
from schemas.events import SCHEMA_VERSION, Actor, Event, payload
from schemas.text import MAX_REASON, Reason
from schemas.types import EventType

INSTANCES = "instances"
CHANGES = "changes"
_REASON = TypeAdapter(Reason)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def subject(event: Event) -> str:
    """Where the event travels: instances.<instance id>.<type>."""
    return f"{INSTANCES}.{event.instance_id}.{event.type.value}"


def dataschema(event_type: str) -> str:
    """Names the model of the data and its version."""
    return f"reprise:{event_type}:{SCHEMA_VERSION}"


_ATTRIBUTES = {
    "id": "ce-id",
    "type": "ce-type",
    "instance_id": "ce-subject",
    "time": "ce-time",
    "actor": "ce-actor",
    "correlation_id": "ce-correlationid",
    "causation_id": "ce-causationid",
    "attempt": "ce-attempt",
    "step": "ce-step",
    "traceparent": "traceparent",
    "replay_id": "replay-id",
}


def binary(encoded: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and data of an encoded event; attributes that have no value are left out."""
    document = orjson.loads(encoded)
    found = {
        "ce-specversion": "1.0",
        "ce-source": f"/reprise/{document['actor'].partition(':')[0]}",
        "ce-dataschema": dataschema(document["type"]),
    }
    for name, header in _ATTRIBUTES.items():
        value = document[name]
        if value is not None:
            found[header] = value if isinstance(value, str) else str(value)
    if document["reason"]:
        found["ce-reason"] = _one_line(document["reason"])
    if document["replay_id"]:
        found["replay"] = "true"
    return found, orjson.dumps(document["data"])


def replayed(encoded: bytes, replay_id: UUID, message_id: UUID) -> tuple[dict[str, str], bytes]:
    """The same for a past event that is sent again: marked, and without what would make it count once more.

    `message_id` is the event's own in this replay, for the server to drop what is sent twice.
    """
    found, data = binary(encoded)
    return {**found, "replay": "true", "replay-id": str(replay_id), "Nats-Msg-Id": str(message_id)}, data


def headers(event: Event) -> dict[str, str]:
    """The attributes of the event."""
    return binary(event.encode())[0]


def data(event: Event) -> bytes:
    """The payload as JSON bytes."""
    return binary(event.encode())[1]


def parse(headers: Mapping[str, str], body: bytes) -> Event:
    """The event in a message. Raises BrokenMessage naming the attribute or field that is wrong."""
    kind = _type(headers)
    event_id = _uuid(headers, "ce-id")
    correlation = headers.get("ce-correlationid")
    return Event(
        id=event_id,
        type=kind,
        instance_id=_uuid(headers, "ce-subject"),
        time=_time(headers),
        actor=Actor.parse(_attribute(headers, "ce-actor", "unknown:unknown")[:200]),
        data=payload(kind, body or b"{}"),
        correlation_id=_uuid(headers, "ce-correlationid") if correlation else event_id,
        attempt=_number(headers, "ce-attempt"),
        step=_number(headers, "ce-step"),
        reason=_reason(headers),
        causation_id=_uuid(headers, "ce-causationid") if headers.get("ce-causationid") else None,
        traceparent=traceparent(headers),
        replay_id=replay_id(headers),
    )


def traceparent(headers: Mapping[str, str]) -> str | None:
    """The trace that the event belongs to; one that is none is left out, as the standard asks.

    Source: https://www.w3.org/TR/trace-context/#traceparent-header
    """
    value = headers.get("traceparent", "")
    return value if _TRACEPARENT.fullmatch(value) else None


def replay_id(headers: Mapping[str, str]) -> UUID | None:
    """The replay that a message belongs to. Raises BrokenMessage where that is no UUID."""
    return _uuid(headers, "replay-id") if headers.get("replay-id") else None


def _one_line(text: str) -> str:
    """A header holds one line of ASCII: the rest is escaped, and `_reason` reads it back."""
    return text.encode("unicode_escape").decode("ascii")


def _reason(headers: Mapping[str, str]) -> str:
    raw = headers.get("ce-reason", "")
    if not raw:
        return ""
    try:
        return _REASON.validate_python(raw.encode("ascii", "backslashreplace").decode("unicode_escape"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise BrokenMessage("ce-reason", f"must be plain text of at most {MAX_REASON} characters") from error


def _attribute(headers: Mapping[str, str], name: str, default: str | None = None) -> str:
    value = headers.get(name, default)
    if value is None:
        raise BrokenMessage(name, "is missing; send a CloudEvent in binary mode")
    return value


def _type(headers: Mapping[str, str]) -> EventType:
    name = _attribute(headers, "ce-type")
    try:
        return EventType(name)
    except ValueError as error:
        raise BrokenMessage("ce-type", f"{name!r} is no event type that Reprise knows") from error


def _uuid(headers: Mapping[str, str], name: str) -> UUID:
    text = _attribute(headers, name)
    try:
        return UUID(text)
    except ValueError as error:
        raise BrokenMessage(name, f"{text!r} is no UUID") from error


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise BrokenMessage(name, f"{text!r} is no whole number")
    return int(text)


def _time(headers: Mapping[str, str]) -> datetime:
    text = _attribute(headers, "ce-time")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BrokenMessage("ce-time", f"{text!r} is no time; write it like 2026-01-31T12:00:00Z") from error
    raise BrokenMessage("ce-time", f"{text!r} has no zone; write it like 2026-01-31T12:00:00Z")
