"""Messages at fault: kept whole, with the reason, so that they can be looked at and sent again."""

from collections.abc import Mapping

from nats.js import JetStreamContext

from bus.connection import translated
from bus.envelope import MESSAGE_ID
from schemas.text import cleaned


class DeadLetters:
    """Where one part puts the messages that it cannot deal with."""

    def __init__(self, js: JetStreamContext, part: str) -> None:
        self._js = js
        self._part = part

    async def bury(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None, error: str, deliveries: int
    ) -> None:
        """Keeps the message with its headers and the error. Raises DependencyDown: the message is then not acked."""
        kept = {name: value for name, value in (headers or {}).items() if name != MESSAGE_ID}
        story = {
            "dead-letter-subject": subject,
            "dead-letter-part": self._part,
            "dead-letter-error": cleaned(error, 500).encode("ascii", "backslashreplace").decode(),
            "dead-letter-deliveries": str(deliveries),
        }
        async with translated():
            await self._js.publish(f"dead-letters.{self._part}", data, headers={**kept, **story})
