"""A new instance: the form, the room that there is for it, and the errors beside their fields."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, redirect, signed_in
from console.rendering import page
from console.sessions import Session
from schemas.errors import BadInput, Conflict, DependencyDown

FIELDS = ("name", "customer_id", "profile", "db_type", "cpu", "memory", "volume", "image", "patience", "reason")


@signed_in
async def form(request: Request, session: Session) -> Response:
    """Empty but for what the address says."""
    given = {name: request.query_params.get(name, "") for name in FIELDS}
    return _form(request, session, given, str(uuid4()))


@signed_in
async def create(request: Request, session: Session) -> Response:
    """Asks for it; what cannot be is said beside its field, and nothing that was typed is lost."""
    asked: dict[str, str] = request.state.form
    key = asked.pop("key", None)
    body = {name: asked[name] for name in FIELDS if name in asked}
    try:
        made = await console_of(request).upstream.post(session.token, "/api/instances", body, key)
    except BadInput as error:
        return _form(request, session, asked, str(uuid4()), {error.field: error.message})
    except Conflict as error:
        return _form(request, session, asked, str(uuid4()), {"name": str(error)}, 409)
    return redirect(f"/instances/{made['id']}")


@signed_in
async def room(request: Request, session: Session) -> Response:
    """Whether it seems to fit now, as a piece of the form that is read again while somebody types."""
    names = ("cpu", "memory", "profile", "db_type")
    asked = {name: request.query_params.get(name, "").strip() for name in names}
    try:
        found = await console_of(request).upstream.get(session.token, "/api/capacity", **asked)
    except BadInput as error:
        return page(request, "room.html", session=session, room=None, problem=f"{error.field} {error.message}")
    except DependencyDown:
        return page(request, "room.html", session=session, room=None, problem="whether there is room is not known now")
    return page(request, "room.html", session=session, room=found, problem=None)


def _form(
    request: Request,
    session: Session,
    given: dict[str, str],
    key: str,
    problems: dict[str, str] | None = None,
    status: int | None = None,
) -> Response:
    filled = {name: given.get(name, "") for name in FIELDS}
    code = status or (400 if problems else 200)
    return page(request, "create.html", code, session=session, given=filled, problems=problems or {}, key=key)
