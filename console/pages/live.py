"""What makes a page live: the changes of what its reader may see, as server-sent events."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.asking import console_of, session_of

_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def stream(request: Request) -> Response:
    """For as long as the page is open; 204 tells a browser whose session has ended to ask no more."""
    session = session_of(request)
    if session is None:
        return Response(status_code=204)
    heard = console_of(request).hub.listen(session.token)
    return StreamingResponse(heard, media_type="text/event-stream", headers=_HEADERS)
