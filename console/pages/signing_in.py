"""Signing in with a token, or by the link that `reprise up` prints, and out again."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from console.asking import address_of, console_of, forget, form_of, from_here, inside, redirect, remember, signed_in
from console.rendering import page
from console.sessions import Session
from schemas.errors import RepriseError, Unauthorized


async def form(request: Request) -> Response:
    """Asks for a token."""
    expired = "Your session has ended; sign in again." if "expired" in request.query_params else None
    return await _form(request, request.query_params.get("to", ""), expired)


async def begin(request: Request) -> Response:
    """Signs in whoever sends a token that the API takes."""
    if not from_here(request):
        return await _form(request, "", "That form came from another site; sign in here.", 403)
    asked = await form_of(request)
    back = asked.get("to", "")
    if "token" not in asked:
        return await _form(request, back, "Paste a token; `reprise token --role admin` makes one.", 400)
    try:
        return await _enter(request, asked["token"], back)
    except Unauthorized as error:
        return await _form(request, back, str(error), 401)


async def redeem(request: Request) -> Response:
    """The link that `reprise up` prints: works once, and not for long."""
    token = console_of(request).sessions.redeem(request.path_params["code"])
    if token is None:
        sentence = "This link has been used, or is too old. Sign in with a token; `reprise up` prints one too."
        return await _form(request, "", sentence, 401)
    return await _enter(request, token, "")


@signed_in
async def end(request: Request, session: Session) -> Response:
    """Signs out: here, and then at the identity provider by which this session came about."""
    answer: Response = redirect("/sign-in")
    if session.sign_out is not None:
        # a page that leads there, since no form of ours may lead to another site
        answer = page(
            request, "signed_out.html", session=None, elsewhere=_elsewhere(request, session.sign_out, session.id_token)
        )
    forget(request, answer)
    return answer


async def _enter(request: Request, token: str, back: str) -> Response:
    console = console_of(request)
    me = await console.upstream.get(token, "/api/me")
    _, cookie = console.sessions.begin(token, me["subject"], me["role"], me["customer_id"])
    answer = redirect(inside(back))
    remember(request, answer, cookie)
    return answer


def _elsewhere(request: Request, sign_out: str, id_token: str | None) -> str:
    """Where the provider ends its session, and from where it sends the browser back to the sign-in."""
    asked = {"post_logout_redirect_uri": address_of(request, "/sign-in"), "id_token_hint": id_token}
    return f"{sign_out}&{urlencode({name: value for name, value in asked.items() if value is not None})}"


async def _form(request: Request, back: str, problem: str | None, status: int = 200) -> Response:
    return page(request, "sign_in.html", status, back=back, problem=problem, provider=await _provider(request))


async def _provider(request: Request) -> str | None:
    """The host of the identity provider. A page that cannot know it asks for a token alone."""
    try:
        found: str | None = (await console_of(request).upstream.get("", "/api/sign-in"))["provider"]
    except RepriseError:
        return None
    return found
