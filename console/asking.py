"""What every page asks of a request first: who is signed in, and whether a form comes from a page of ours."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.live import Hub
from console.sessions import Session, Sessions
from console.upstream import Upstream
from schemas.errors import BadInput, Forbidden

MAX_FORM = 64 * 1024
COOKIE = "reprise"
_EXPIRED = "This form is too old, or comes from another page: go back, load the page again and send it once more"


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages share."""

    upstream: Upstream
    sessions: Sessions
    hub: Hub


Handler = Callable[[Request, Session], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def console_of(request: Request) -> Console:
    """What the application was made with."""
    console: Console = request.app.state.console
    return console


def session_of(request: Request) -> Session | None:
    """Who is signed in, if anybody."""
    return console_of(request).sessions.read(request.cookies.get(cookie_name(request)))


def cookie_name(request: Request) -> str:
    """Behind TLS a browser lets nobody but this very host set a cookie of such a name."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def signed_in(handler: Handler) -> Endpoint:
    """Sends whoever is not signed in there, and back afterwards; a form must carry the session's own secret."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        session = session_of(request)
        if session is None:
            return to_sign_in(request)
        if request.method == "POST":
            await _check_form(request, session)
        return await handler(request, session)

    return guarded


def to_sign_in(request: Request, *, expired: bool = False) -> RedirectResponse:
    """Afterwards a page that was asked for is shown; a form that was sent is not sent again."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?to={quote(wanted)}" if request.method == "GET" and wanted != "/" else ""
    if expired:
        back += f"{'&' if back else '?'}expired=1"
    return redirect(request, f"/sign-in{back}")


def redirect(request: Request, path: str) -> RedirectResponse:
    """To another page of ours."""
    return RedirectResponse(str(request.scope.get("root_path", "")) + path, 303)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that were filled. Raises BadInput where it is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise BadInput("form", f"is longer than {MAX_FORM} bytes")
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=False, max_num_fields=100)
    return {name: value.strip() for name, value in fields if value.strip()}


async def _check_form(request: Request, session: Session) -> None:
    request.state.form = form = await form_of(request)
    from_here = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if not from_here or not hmac.compare_digest(form.pop("csrf", "").encode(), session.csrf.encode()):
        raise Forbidden(_EXPIRED)
