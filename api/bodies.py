"""Refuses a body over the limit before all of it is read, whether its length was announced or it comes in chunks."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

LIMIT = 64 * 1024
"""Bytes; the largest request about one instance is a tenth of it."""
LARGER = {"/api/events": 2**20}
"""By path: what takes a thousand events."""


class BodyLimit:
    """The middleware. What is within the limit is read here and handed on whole."""

    def __init__(self, app: ASGIApp, limit: int = LIMIT) -> None:
        self.app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 413, or goes on with the body in memory."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = LARGER.get(scope["path"], self._limit)
        announced = Headers(scope=scope).get("content-length", "0")
        messages = [] if _over(announced, limit) else await _read(receive, limit)
        if not messages:
            detail = f"The body is over {limit // 1024} KiB, the most that is taken here"
            await problem(413, detail, scope, headers={"Connection": "close"})(scope, receive, send)
            return
        await self.app(scope, _replay(messages, receive), send)


def _over(announced: str, limit: int) -> bool:
    return not announced.isdecimal() or len(announced) > 12 or int(announced) > limit


async def _read(receive: Receive, limit: int) -> list[Message]:
    """Every message of the body; none at all where they exceed the limit."""
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            return []
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replayed() -> Message:
        return next(waiting, None) or await receive()

    return replayed
