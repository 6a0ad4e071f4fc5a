"""Server-sent events as they go over the wire, the same for every route that has them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import StreamingResponse

HELLO = b"retry: 2000\n\n"
SILENCE = b":\n\n"
_AFTER = Header(ge=0, le=2**63 - 1, description="the id of the last event that was seen; those after it come first")
LastEventId = Annotated[int | None, _AFTER]


def answer(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    """For as long as one listens; no proxy is to hold it back."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(pieces, media_type="text/event-stream", headers=headers)


def described(example: str, told: str) -> dict[int | str, dict[str, Any]]:
    """The answer, for the document of the API."""
    content = {"text/event-stream": {"schema": {"type": "string"}, "example": example}}
    return {200: {"content": content, "description": f"{told}, for as long as one listens"}}


def event(name: str, data: bytes, sequence: int | None = None) -> bytes:
    """One event; `sequence` is what Last-Event-ID resumes after."""
    place = b"id: %d\n" % sequence if sequence is not None else b""
    return b"%bevent: %b\ndata: %b\n\n" % (place, name.encode(), data)


def reset(sequence: int | None = None) -> bytes:
    """Something was missed: whoever listens reads anew what is shown."""
    return event("reset", b'{"reason": "changes were missed"}', sequence)


def place(sequence: int) -> bytes:
    """The sequence went on, and there is nothing in it for this listener, or it was told already."""
    return b"id: %d\n\n" % sequence
