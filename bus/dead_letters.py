"""Messages at fault: kept whole, with the reason, so that they can be looked at and sent again."""

import re
from collections.abc import Mapping

from nats.js import JetStreamContext

from bus.connection import translated
from schemas.text import cleaned

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
MAX_HEADERS = 32 * 1024
"""Bytes of a message's own headers that are kept: the server takes 64 KiB, and the story needs room."""


class DeadLetters:
    """Where one part puts the messages that it cannot deal with."""

    def __init__(self, js: JetStreamContext, part: str) -> None:
        self._js = js
        self._part = part

    async def bury(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None, error: str, deliveries: int
    ) -> None:
        """Keeps the message with its headers and the error. Raises DependencyDown: the message is then not acked."""
        story = {
            "dead-letter-subject": subject,
            "dead-letter-part": self._part,
            "dead-letter-error": cleaned(error, 500).encode("ascii", "backslashreplace").decode(),
            "dead-letter-deliveries": str(deliveries),
        }
        async with translated():
            await self._js.publish(f"dead-letters.{self._part}", data, headers={**_kept(headers or {}), **story})


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """What is the message's own: `Nats-*` tells the server what to do, and would have it refuse the dead letter."""
    kept: dict[str, str] = {}
    room = MAX_HEADERS
    for name, value in headers.items():
        room -= len(name) + len(value.encode())
        if room > 0 and _NAME.fullmatch(name) and not name.lower().startswith("nats-"):
            kept[name] = value
    return kept
