"""Server-sent events: every change as it happens, and those that were missed since the last one seen."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse

from api.auth import Caller, User
from api.changes import Follower, Signal
from api.errors import answers
from api.services import Served
from api.wishes import find
from bus.connection import jetstream

router = APIRouter(tags=["changes"])
_AFTER = Header(ge=0, le=2**63 - 1, description="the id of the last event that was seen; those after it come first")
_ONE = Query(description="only the changes of this instance")
_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'id: 42\nevent: state.changed\ndata: {"instance_id": "…", "status": "running"}\n\n',
    }
}
_HELLO = b"retry: 2000\n\n"


@router.get(
    "/api/events",
    summary="Follow changes",
    response_class=StreamingResponse,
    responses={
        200: {"content": _STREAM, "description": "state.changed and reset, for as long as one listens"},
        **answers(404),
    },
)
async def follow(
    backend: Served,
    caller: User,
    last_event_id: Annotated[int | None, _AFTER] = None,
    instance_id: Annotated[UUID | None, _ONE] = None,
) -> StreamingResponse:
    """An event `reset` says that changes were missed: read anew what is shown. Customers hear of their own alone."""
    if instance_id is not None:
        await find(backend, caller, instance_id)
    subject = str(instance_id) if instance_id else "*"
    follower = Follower(jetstream(backend.nats), subject, last_event_id, backend.stopping)
    first = await follower.begin()
    return StreamingResponse(
        _told(caller, first, follower),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _told(caller: Caller, first: list[Signal], follower: Follower) -> AsyncIterator[bytes]:
    yield _HELLO
    for signal in first:
        yield encoded(caller, signal)
    async for signal in follower.signals():
        yield encoded(caller, signal)


def encoded(caller: Caller, signal: Signal) -> bytes:
    """The signal as the caller may hear it: of a stranger's change only that the sequence went on."""
    if signal.kind == "silence":
        return b":\n\n"
    if signal.kind == "reset":
        return b'id: %d\nevent: reset\ndata: {"reason": "changes were missed"}\n\n' % signal.sequence
    document = orjson.loads(signal.data)
    if not caller.sees(document["customer_id"]):
        return b"id: %d\n\n" % signal.sequence
    return b"id: %d\nevent: state.changed\ndata: %s\n\n" % (signal.sequence, signal.data)
