"""The audit log as server-sent events: each row that fits the filters, as it is written."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from api.auth import User
from api.changes import Follower, Signal
from api.errors import answers
from api.event_stream import HELLO, SILENCE, LastEventId, answer, described, event, place, reset
from api.queries import FollowQuery
from api.services import Served
from api.tailing import News, Tail
from bus.connection import jetstream
from persistence.searching import AuditFilter
from schemas.errors import NotFound

router = APIRouter(tags=["audit"])
_EXAMPLE = 'id: 42\nevent: row\ndata: {"event_id": "…", "type": "deploy.ready", "outcome": "applied"}\n\n'


@router.get(
    "/api/audit/follow",
    summary="Follow the audit log",
    response_class=StreamingResponse,
    responses={**described(_EXAMPLE, "row, as GET /api/audit has it, and reset"), **answers(404)},
)
async def follow(
    query: Annotated[FollowQuery, Query()], backend: Served, caller: User, last_event_id: LastEventId = None
) -> StreamingResponse:
    """Oldest first, by every filter of GET /api/audit. `reset` says that rows were missed: read anew what is shown."""
    if query.customer_id is not None and not caller.sees(query.customer_id):
        raise NotFound("Customer not found")
    wanted = {**query.model_dump(), "customer_id": caller.only or query.customer_id}
    tail = Tail(backend.engine, AuditFilter(**wanted))
    subject = str(query.instance_id) if query.instance_id else "*"
    follower = Follower(jetstream(backend.nats), subject, last_event_id, backend.stopping)
    first = await follower.begin()
    await tail.begin()
    return answer(_told(tail, first, follower))


async def _told(tail: Tail, first: list[Signal], follower: Follower) -> AsyncIterator[bytes]:
    yield HELLO
    for signal in first:
        yield reset(signal.sequence)
    async for signals in follower.signals():
        async for news in tail.news(signals):
            for piece in _pieces(news):
                yield piece


def _pieces(news: News) -> Iterator[bytes]:
    """The place in the stream comes last: whoever is cut off before it hears of these rows again, and misses none."""
    if not news.rows and not news.sequence:
        yield SILENCE
    for row in news.rows:
        yield event("row", row.model_dump_json().encode())
    if news.missed:
        yield reset()
    if news.sequence:
        yield place(news.sequence)
