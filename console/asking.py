"""What every page asks of a request first: who is signed in, and whether a form comes from a page of ours."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Literal, TypedDict
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
    """What the pages share. `prefix` stands before every path that a browser is told."""

    upstream: Upstream
    sessions: Sessions
    hub: Hub
    prefix: str


class Kept(TypedDict):
    """What a browser is told about a cookie."""

    path: str
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


Handler = Callable[[Request, Session], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def console_of(request: Request) -> Console:
    """What the application was made with."""
    console: Console = request.app.state.console
    return console


def session_of(request: Request) -> Session | None:
    """Who is signed in, if anybody."""
    return console_of(request).sessions.read(request.cookies.get(cookie_name(request)))


def cookie_name(request: Request, name: str = COOKIE) -> str:
    """Behind TLS a browser takes such a name from a page behind TLS alone, and without a prefix from this very host."""
    if request.url.scheme != "https":
        return name
    return f"__Secure-{name}" if console_of(request).prefix else f"__Host-{name}"


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
    return redirect(f"/sign-in{back}")


def redirect(path: str) -> RedirectResponse:
    """To another page; whoever serves the console puts the prefix before one of ours."""
    return RedirectResponse(path, 303)


def inside(path: str) -> str:
    """The path, if it is one of ours: nobody is sent elsewhere by a link to the sign-in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def address_of(request: Request, path: str) -> str:
    """Of a page of ours, as the browser knows it and others can send it there."""
    return f"{request.url.scheme}://{request.url.netloc}{console_of(request).prefix}{path}"


def from_here(request: Request) -> bool:
    """Whether a form comes from a page of ours, as far as the browser says; one that is too old to say so passes."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def remember(request: Request, answer: Response, cookie: str) -> None:
    """Signs the browser in: no script can read the cookie, no other site can have it sent with a form."""
    answer.set_cookie(cookie_name(request), cookie, **kept(request))


def forget(request: Request, answer: Response) -> None:
    """Signs the browser out. It heeds this only where the cookie is described as it was set."""
    answer.delete_cookie(cookie_name(request), **kept(request))


def kept(request: Request) -> Kept:
    """How every cookie is described: sent to these pages alone, by TLS alone where they came by it."""
    path = console_of(request).prefix or "/"
    return {"path": path, "httponly": True, "samesite": "lax", "secure": request.url.scheme == "https"}


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
    if not from_here(request) or not hmac.compare_digest(form.pop("csrf", "").encode(), session.csrf.encode()):
        raise Forbidden(_EXPIRED)
