"""Pages for what goes wrong: what happened, in the API's own sentence, and what to do next."""

from collections.abc import Mapping
from typing import NamedTuple

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from console.asking import forget, to_sign_in
from console.rendering import page
from schemas.errors import BadInput, Conflict, DependencyDown, Forbidden, NotFound, Refused, RepriseError, Unauthorized

log = structlog.get_logger("console")


class Look(NamedTuple):
    """How one kind of error is shown."""

    status: int
    title: str
    remedy: str


LOOKS: Mapping[type[RepriseError], Look] = {
    BadInput: Look(400, "That cannot be accepted", "Go back, correct it, and send it again."),
    Forbidden: Look(403, "You may not do this", "Ask an admin, or sign in as somebody who may."),
    NotFound: Look(404, "There is no such page", "It may belong to somebody else, or the address is mistyped."),
    Conflict: Look(409, "That collides with something", "Choose another name."),
    Refused: Look(409, "That is not possible now", "Look at the instance again: it has moved on meanwhile."),
    DependencyDown: Look(503, "Reprise does not answer just now", "Nothing is lost. This page tries again by itself."),
}
_UNKNOWN = Look(500, "Something is wrong in Reprise", "Its log tells more.")


async def refused(request: Request, error: Exception) -> Response:
    """The page for what the API refused; who is not signed in any more signs in again."""
    if isinstance(error, Unauthorized):
        answer: Response = to_sign_in(request, expired=True)
        forget(request, answer)
        return answer
    look = next((look for kind, look in LOOKS.items() if isinstance(error, kind)), _UNKNOWN)
    return page(request, "error.html", look.status, look=look, detail=str(error))


async def not_found(request: Request, error: Exception) -> Response:
    """For an address that no page has, or a way of asking that none knows."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    look = LOOKS[NotFound]._replace(status=status)
    return page(request, "error.html", status, look=look, detail=f"{request.url.path} leads nowhere.")


async def broken(request: Request, error: Exception) -> Response:
    """A fault of ours: told in the log, and never in the page."""
    log.error("a page failed", path=request.url.path, exc_info=error)
    return page(request, "error.html", 500, look=_UNKNOWN, detail="This page could not be made.")
