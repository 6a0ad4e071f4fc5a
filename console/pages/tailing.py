"""The audit log as it is written: the API's rows as pieces of the page, for whoever has it open."""

import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.asking import console_of, session_of
from console.live import RESET, SILENCE
from console.pages.auditing import wanted_of
from console.rendering import piece
from console.sessions import Session
from schemas.errors import DependencyDown, RepriseError

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_HELLO = "retry: 2000\n\n"


async def stream(request: Request) -> Response:
    """Rows by the filters in the address; 204 tells a browser whose session has ended to ask no more."""
    session = session_of(request)
    if session is None:
        return Response(status_code=204)
    return StreamingResponse(_told(request, session), media_type="text/event-stream", headers=_HEADERS)


async def _told(request: Request, session: Session) -> AsyncIterator[str]:
    """Until the page leaves or the API goes away; then the browser asks again by itself."""
    after, wanted = request.headers.get("last-event-id"), wanted_of(request.query_params)
    yield _HELLO
    try:
        async with console_of(request).upstream.listen(session.token, "/api/audit/follow", after, **wanted) as lines:
            event: list[str] = []
            async for line in lines:
                event.append(line)
                if not line:
                    yield _shown(request, event)
                    event = []
    except DependencyDown:
        return
    except RepriseError:  # the token is not valid any more: the next look leads to the sign-in
        yield RESET


def _shown(request: Request, event: list[str]) -> str:
    if "event: row" not in event:
        return "\n".join(event) + "\n" if any(event) else SILENCE
    row = json.loads(next(line for line in event if line.startswith("data: "))[6:])
    data = {"id": f"row-{row['event_id']}", "html": piece(request, "audit_row.html", row=row)}
    return f"event: row\ndata: {json.dumps(data)}\n\n"
