"""Messages that could not be dealt with: grouped by their error, looked at, sent again or dropped for a reason."""

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, redirect, signed_in
from console.rendering import page
from console.sessions import Session
from schemas.errors import BadInput, NotFound, Refused

ACTIONS = ("redrive", "drop")
DID = {"redrive": "It has been sent again.", "drop": "It has been dropped."}


@signed_in
async def index(request: Request, session: Session) -> Response:
    """The latest first."""
    found = await console_of(request).upstream.get(session.token, "/api/dead-letters", limit=200)
    did = DID.get(request.query_params.get("did", ""))
    return page(request, "dead_letters.html", session=session, letters=found, did=did)


@signed_in
async def show(request: Request, session: Session) -> Response:
    """All of one."""
    return await _shown(request, session, None)


@signed_in
async def act(request: Request, session: Session) -> Response:
    """Redrive or drop; each asks why."""
    action, sequence = request.path_params["action"], request.path_params["sequence"]
    if action not in ACTIONS:
        raise NotFound(f"nothing is called {action} here")
    body = {"reason": request.state.form.get("reason", "")}
    try:
        await console_of(request).upstream.post(session.token, f"/api/dead-letters/{sequence}/{action}", body)
    except BadInput as error:
        return await _shown(request, session, f"{error.field}: {error.message}", 400)
    except Refused as error:
        return await _shown(request, session, str(error), 409)
    return redirect(f"/dead-letters?did={action}")


async def _shown(request: Request, session: Session, problem: str | None, status: int = 200) -> Response:
    sequence = request.path_params["sequence"]
    letter = await console_of(request).upstream.get(session.token, f"/api/dead-letters/{sequence}")
    return page(request, "dead_letter.html", status, session=session, letter=letter, problem=problem, actions=ACTIONS)
