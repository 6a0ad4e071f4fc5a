"""How effects and the watcher say what they have observed."""

from nats.js import JetStreamContext

from bus.connection import translated
from bus.envelope import encode
from schemas.events import Event


class Publisher:
    """Publishes signed events into INSTANCES and waits until the server has them."""

    def __init__(self, js: JetStreamContext, key: bytes) -> None:
        self._js = js
        self._key = key

    async def publish(self, *events: Event) -> None:
        """In this order. Raises DependencyDown; what was published then may be published again."""
        async with translated():
            for event in events:
                subject, data, headers = encode(event, self._key)
                await self._js.publish(subject, data, headers=headers)
