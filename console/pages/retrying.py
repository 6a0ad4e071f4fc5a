"""Retrying many: which, how many and what will happen, why; then one first, and the others as it goes well."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, redirect, signed_in
from console.rendering import page
from console.sessions import Session
from console.upstream import Document
from schemas.codes import ErrorCode
from schemas.errors import BadInput, Conflict, NotFound, Refused

WHERE = ("ids", "error_code", "customer_id", "profile", "db_type")
"""What the API calls each; `ids`, those that were chosen in the list, are separated by commas."""


@signed_in
async def index(request: Request, session: Session) -> Response:
    """The latest, and the filter for another one with its plan, once something is named."""
    chosen = request.query_params.getlist("id")
    asked = {**request.query_params, **({"ids": ",".join(chosen)} if chosen else {})}
    return await _index(request, session, asked, {})


@signed_in
async def begin(request: Request, session: Session) -> Response:
    """Only what was seen is retried: the count is typed, and where it is another by now nothing begins."""
    asked: dict[str, str] = request.state.form
    body = _body(asked) | {"reason": asked.get("reason", ""), "expected": _number(asked.get("expected", ""))}
    try:
        made = await console_of(request).upstream.post(session.token, "/api/retries", body, asked.get("key"))
    except BadInput as error:
        return await _index(request, session, asked, {error.field: error.message})
    except (Conflict, Refused) as error:
        return await _index(request, session, asked, {"expected": str(error)})
    return redirect(f"/retries/{made['id']}")


@signed_in
async def show(request: Request, session: Session) -> Response:
    """How it goes."""
    found = await console_of(request).upstream.get(session.token, f"/api/retries/{request.path_params['id']}")
    return page(request, "retry_of_many.html", session=session, bulk=found)


@signed_in
async def change(request: Request, session: Session) -> Response:
    """Pause, resume or abort."""
    path, name = f"/api/retries/{request.path_params['id']}", request.path_params["change"]
    upstream = console_of(request).upstream
    if name == "abort":
        await upstream.delete(session.token, path)
    elif name in ("pause", "resume"):
        await upstream.post(session.token, f"{path}/{name}")
    else:
        raise NotFound(f"nothing is called {name} here")
    return redirect(f"/retries/{request.path_params['id']}")


async def _index(request: Request, session: Session, asked: dict[str, str], problems: dict[str, str]) -> Response:
    upstream = console_of(request).upstream
    wanted = {name: asked[name] for name in WHERE if asked.get(name)}
    plan: Document | None = None
    if wanted:
        try:
            plan = await upstream.post(session.token, "/api/retries", _body(asked), dry_run="true")
        except BadInput as error:
            problems = {error.field.removeprefix("where."): error.message, **problems}
    return page(
        request,
        "retries.html",
        400 if problems else 200,
        session=session,
        latest=(await upstream.get(session.token, "/api/retries"))["items"],
        wanted=wanted,
        asked=asked,
        plan=plan,
        problems=problems,
        codes=[each.value for each in ErrorCode],
        key=str(uuid4()),
    )


def _body(asked: dict[str, str]) -> Document:
    where: Document = {name: asked[name] for name in WHERE if asked.get(name)}
    if "ids" in where:
        where["ids"] = where["ids"].split(",")
    body: Document = {"where": where}
    return body | ({"rate": asked["rate"]} if asked.get("rate") else {})


def _number(text: str) -> int | str | None:
    """What is no number is sent as it was typed: the API says what is wrong with it."""
    return int(text) if text.isdecimal() else text or None
