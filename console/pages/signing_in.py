"""Signing in with a token, or by the link that `reprise up` prints, and out again."""

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, forget, form_of, from_here, redirect, remember, signed_in
from console.rendering import page
from console.sessions import Session
from schemas.errors import Unauthorized


async def form(request: Request) -> Response:
    """Asks for a token."""
    expired = "Your session has ended; sign in again." if "expired" in request.query_params else None
    return _form(request, request.query_params.get("to", ""), expired)


async def begin(request: Request) -> Response:
    """Signs in whoever sends a token that the API takes."""
    if not from_here(request):
        return _form(request, "", "That form came from another site; sign in here.", 403)
    asked = await form_of(request)
    back = asked.get("to", "")
    if "token" not in asked:
        return _form(request, back, "Paste a token; `reprise token --role admin` makes one.", 400)
    try:
        return await _enter(request, asked["token"], back)
    except Unauthorized as error:
        return _form(request, back, str(error), 401)


async def redeem(request: Request) -> Response:
    """The link that `reprise up` prints: works once, and not for long."""
    token = console_of(request).sessions.redeem(request.path_params["code"])
    if token is None:
        sentence = "This link has been used, or is too old. Sign in with a token; `reprise up` prints one too."
        return _form(request, "", sentence, 401)
    return await _enter(request, token, "")


@signed_in
async def end(request: Request, session: Session) -> Response:
    """Signs out."""
    answer = redirect("/sign-in")
    forget(request, answer)
    return answer


async def _enter(request: Request, token: str, back: str) -> Response:
    console = console_of(request)
    me = await console.upstream.get(token, "/api/me")
    _, cookie = console.sessions.begin(token, me["subject"], me["role"], me["customer_id"])
    answer = redirect(_ours(back))
    remember(request, answer, cookie)
    return answer


def _ours(path: str) -> str:
    """Nobody is sent elsewhere by a link to the sign-in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def _form(request: Request, back: str, problem: str | None, status: int = 200) -> Response:
    return page(request, "sign_in.html", status, back=back, problem=problem)
