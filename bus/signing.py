"""Who may publish what: facts, timers and commands are signed with a key that only Reprise's parts have.

Wishes need no signature: anybody who may publish on the bus may wish. A replayed or redriven message keeps its
signature, which covers what the event says and not when it is delivered.

A key may be several, separated by commas: what the first of them signs, each of them proves. So a key is changed
while everything runs: OLD,NEW everywhere, then NEW,OLD everywhere, then NEW.
"""

import hashlib
import hmac
from collections.abc import Mapping

from schemas.errors import ForbiddenEvent
from schemas.types import EventType, Kind, kind_of

HEADER = "reprise-signature"
_SIGNED = ("ce-id", "ce-type", "ce-subject", "ce-step", "ce-attempt", "ce-correlationid", "ce-actor")
_ARTICLE = {Kind.FACT: "a fact", Kind.TIMER: "a timer", Kind.COMMAND: "a command"}


def signature(key: bytes, headers: Mapping[str, str], data: bytes) -> str:
    """HMAC-SHA256 by the first key over what the event says, as hex."""
    return _signature(key.partition(b",")[0].strip(), headers, data)


def _signature(key: bytes, headers: Mapping[str, str], data: bytes) -> str:
    said = "\n".join(headers.get(name, "") for name in _SIGNED).encode()
    return hmac.digest(key, said + b"\n" + data, hashlib.sha256).hex()


def check(key: bytes, headers: Mapping[str, str], data: bytes) -> None:
    """Raises ForbiddenEvent where the event needs a signature and has none that is right."""
    name = headers.get("ce-type", "")
    kind = kind_of(EventType(name))
    if kind is Kind.WISH:
        return
    given = headers.get(HEADER, "")
    if not any(hmac.compare_digest(given, _signature(each.strip(), headers, data)) for each in key.split(b",")):
        raise ForbiddenEvent(
            "ce-type", f"{name} is {_ARTICLE[kind]}, which only Reprise itself publishes; by hand publish a *.requested"
        )
