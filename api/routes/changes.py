"""Server-sent events: every change as it happens, and those that were missed since the last one seen."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from api.auth import Caller, User
from api.changes import Follower, Signal
from api.errors import answers
from api.event_stream import HELLO, SILENCE, LastEventId, answer, described, event, place, reset
from api.services import Served
from api.wishes import find
from bus.connection import jetstream

router = APIRouter(tags=["changes"])
_ONE = Query(description="only the changes of this instance")
_EXAMPLE = 'id: 42\nevent: state.changed\ndata: {"instance_id": "…", "status": "running"}\n\n'


@router.get(
    "/api/events",
    summary="Follow changes",
    response_class=StreamingResponse,
    responses={**described(_EXAMPLE, "state.changed and reset"), **answers(404)},
)
async def follow(
    backend: Served,
    caller: User,
    last_event_id: LastEventId = None,
    instance_id: Annotated[UUID | None, _ONE] = None,
) -> StreamingResponse:
    """An event `reset` says that changes were missed: read anew what is shown. Customers hear of their own alone."""
    if instance_id is not None:
        await find(backend, caller, instance_id)
    subject = str(instance_id) if instance_id else "*"
    follower = Follower(jetstream(backend.nats), subject, last_event_id, backend.stopping)
    first = await follower.begin()
    return answer(_told(caller, first, follower))


async def _told(caller: Caller, first: list[Signal], follower: Follower) -> AsyncIterator[bytes]:
    yield HELLO
    for signal in first:
        yield encoded(caller, signal)
    async for signals in follower.signals():
        for signal in signals:
            yield encoded(caller, signal)


def encoded(caller: Caller, signal: Signal) -> bytes:
    """The signal as the caller may hear it: of a stranger's change only that the sequence went on."""
    if signal.kind == "silence":
        return SILENCE
    if signal.kind == "reset":
        return reset(signal.sequence)
    document = orjson.loads(signal.data)
    if not caller.sees(document["customer_id"]):
        return place(signal.sequence)
    return event("state.changed", signal.data, signal.sequence)
