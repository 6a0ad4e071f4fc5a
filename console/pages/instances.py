"""All instances: how many there are of each status, and a page of those that fit the filters in the address."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, kept, signed_in
from console.rendering import page
from console.sessions import Session
from schemas.codes import ErrorCode

FILTERS = ("status", "error_code", "customer_id", "q")
LIMIT = 50
VIEWS = ("table", "cards")
"""Whoever has not chosen sees a table, and on a phone its rows as cards."""


@signed_in
async def index(request: Request, session: Session) -> Response:
    """Newest first, a page at a time; the view that was chosen is kept by the browser."""
    upstream, asked = console_of(request).upstream, request.query_params
    wanted = {name: asked[name] for name in FILTERS if asked.get(name)}
    found, overview = await asyncio.gather(
        upstream.get(session.token, "/api/instances", **wanted, limit=LIMIT, cursor=asked.get("cursor")),
        upstream.get(session.token, "/api/overview"),
    )
    view = asked.get("view") or request.cookies.get("view")
    answer = page(
        request,
        "instances.html",
        session=session,
        items=found["items"],
        counts=overview["instances"],
        wanted=wanted,
        codes=list(ErrorCode),
        view=view if view in VIEWS else None,
        link=lambda **changed: _link({**wanted, **changed}),
        next_link=_link({**wanted, "cursor": found["next_cursor"]}) if found["next_cursor"] else None,
        first_link=_link(wanted) if asked.get("cursor") else None,
    )
    if view in VIEWS and view == asked.get("view"):
        answer.set_cookie("view", view, max_age=365 * 86_400, **kept(request))
    return answer


def _link(query: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in query.items() if value}
    return "/instances" + (f"?{urlencode(given)}" if given else "")
