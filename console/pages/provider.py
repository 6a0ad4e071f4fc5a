"""Signing in by way of the identity provider: off to it, and back with what it says."""

from starlette.requests import Request
from starlette.responses import Response

from console.asking import address_of, console_of, cookie_name, inside, kept, redirect, remember
from console.rendering import page
from console.sessions import SIGN_IN_WITHIN, Flow
from schemas.errors import DependencyDown, Forbidden, RepriseError, Unauthorized
from schemas.text import cleaned

FLOW = "reprise-sign-in"
CALLBACK = "/sign-in/callback"
_LOST = "This sign-in was begun in another browser or tab, or too long ago."


async def begin(request: Request) -> Response:
    """To the provider; what was made up for this sign-in waits in a sealed cookie until the browser is back."""
    console, asked = console_of(request), request.query_params
    body = {"redirect_uri": address_of(request, CALLBACK), "again": "again" in asked}
    try:
        begun = await console.upstream.post("", "/api/sign-in", body)
    except DependencyDown as error:
        return _failed(request, str(error), 503)
    flow = Flow(begun["state"], begun["nonce"], begun["code_verifier"], inside(asked.get("to", "")))
    answer = redirect(begun["address"])
    name = cookie_name(request, FLOW)
    answer.set_cookie(name, console.sessions.keep(flow), max_age=SIGN_IN_WITHIN, **kept(request))
    return answer


async def back(request: Request) -> Response:
    """From the provider, with a code or a refusal: believed only in the browser that began."""
    asked, name = request.query_params, cookie_name(request, FLOW)
    flow = console_of(request).sessions.kept(request.cookies.get(name))
    if flow is None or not flow.began(asked.get("state", "")):
        return _failed(request, _LOST, 400)
    try:
        answer = await _enter(request, flow)
    except DependencyDown as error:  # the cookie stays: the same page, asked for again, completes the sign-in
        return _failed(request, str(error), 503)
    except Forbidden as error:
        answer = page(request, "no_role.html", 403, detail=str(error))
    except RepriseError as error:
        answer = _failed(request, str(error), 401)
    answer.delete_cookie(name, **kept(request))
    return answer


async def _enter(request: Request, flow: Flow) -> Response:
    console, asked = console_of(request), request.query_params
    if "code" not in asked:
        why = cleaned(asked.get("error_description") or asked.get("error") or "it sent no code", 300)
        raise Unauthorized(f"The identity provider did not sign you in: {why}")
    body = {
        "code": asked["code"],
        "nonce": flow.nonce,
        "code_verifier": flow.code_verifier,
        "redirect_uri": address_of(request, CALLBACK),
    }
    who = await console.upstream.post("", "/api/sign-in/token", body)
    _, cookie = console.sessions.begin(
        who["token"], who["subject"], who["role"], who["customer_id"], who["sign_out"], who["id_token"]
    )
    answer = redirect(flow.to)
    remember(request, answer, cookie)
    return answer


def _failed(request: Request, detail: str, status: int) -> Response:
    return page(request, "not_signed_in.html", status, detail=detail, waits=status == 503)
