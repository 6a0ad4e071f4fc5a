"""The buttons of an instance: each is a wish that the API decides, and comes back to the instance's page."""

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, redirect, signed_in
from console.pages.instance import shown
from console.sessions import Session
from console.words import WISHES
from schemas.errors import BadInput, NotFound, Refused

CHANGES = ("profile", "cpu", "memory", "image", "patience")


@signed_in
async def wish(request: Request, session: Session) -> Response:
    """One wish. What it is refused with stands at the top of the page, and what was typed stays in the form."""
    name, instance_id = request.path_params["wish"], request.path_params["id"]
    form: dict[str, str] = request.state.form
    try:
        await _send(request, session, name, form)
    except BadInput as error:
        return await shown(request, session, f"{error.field}: {error.message}", form, 400)
    except Refused as error:
        return await shown(request, session, str(error), form, 409)
    return redirect(f"/instances/{instance_id}?did={name}")


@signed_in
async def back(request: Request, session: Session) -> Response:
    """What was refused is shown under the wish's own address: whoever looks there again looks at the instance."""
    return redirect(f"/instances/{request.path_params['id']}")


async def _send(request: Request, session: Session, name: str, form: dict[str, str]) -> None:
    upstream, path = console_of(request).upstream, f"/api/instances/{request.path_params['id']}"
    reason = form.get("reason", "")
    if name == "retry":
        change = {field: form[field] for field in CHANGES if field in form}
        await upstream.post(session.token, f"{path}/retry", {**change, "reason": reason}, form.get("key"))
    elif name == "delete":
        await _delete(request, session, path, form)
    elif name in WISHES:
        await upstream.post(session.token, f"{path}/{name}", {"reason": reason}, form.get("key"))
    else:
        raise NotFound(f"nothing is called {name} here")


async def _delete(request: Request, session: Session, path: str, form: dict[str, str]) -> None:
    """Only once its name has been typed: another button is pressed by mistake, this one is not."""
    upstream = console_of(request).upstream
    instance = await upstream.get(session.token, path)
    if form.get("confirm") != instance["name"]:
        raise BadInput("name", f"type {instance['name']} to confirm that it shall be deleted")
    now = "true" if form.get("now") else None
    await upstream.delete(session.token, path, now=now, reason=form.get("reason"))
