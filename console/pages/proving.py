"""What speaks for the audit log: the last checkpoint, whether the log agrees with all of them, what was exported."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, redirect, signed_in
from console.pages.exporting import name_of
from console.rendering import page
from console.sessions import Session
from schemas.errors import Conflict, NotFound, Refused

EXPORTS = 20


@signed_in
async def show(request: Request, session: Session) -> Response:
    """For admins."""
    return await _shown(request, session)


@signed_in
async def verify(request: Request, session: Session) -> Response:
    """Compares the log with its checkpoints now."""
    try:
        await console_of(request).upstream.post(session.token, "/api/audit/verifications")
    except (Conflict, NotFound, Refused) as error:
        return await _shown(request, session, str(error), 409)
    return redirect("/audit/proof?did=verify")


async def _shown(request: Request, session: Session, problem: str | None = None, status: int = 200) -> Response:
    upstream, token = console_of(request).upstream, session.token
    checkpoint, verified, exports, keys = await asyncio.gather(
        upstream.get(token, "/api/audit/checkpoints"),
        upstream.get(token, "/api/audit/verifications"),
        upstream.get(token, "/api/audit/exports", limit=EXPORTS),
        upstream.get(token, "/api/audit/signing-keys"),
    )
    return page(
        request,
        "proof.html",
        status,
        session=session,
        checkpoint=checkpoint["checkpoint"],
        verified=verified["items"],
        may=verified["may"],
        exports=exports["items"],
        keys=keys["public_keys"],
        name_of=name_of,
        did="did" in request.query_params,
        problem=problem,
    )
