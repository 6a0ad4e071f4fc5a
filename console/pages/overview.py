"""Everything at a glance: how many of each, what fails, how long it takes, what waits, and the brake."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, redirect, signed_in
from console.charts import failures
from console.rendering import page
from console.sessions import Session
from console.upstream import Document
from schemas.audit_stats import AuditStats

FAILED, WAITING = 5, 20


@signed_in
async def show(request: Request, session: Session) -> Response:
    """Customers see what is theirs; the brake and the parts, which are asked for by the page, are for admins."""
    upstream, token = console_of(request).upstream, session.token
    overview, stats, failed, waiting, brake = await asyncio.gather(
        upstream.get(token, "/api/overview"),
        upstream.get(token, "/api/audit/stats"),
        upstream.get(token, "/api/instances", status="error", limit=FAILED),
        upstream.get(token, "/api/instances", status="creating", limit=WAITING),
        _brake(request, session),
    )
    return page(
        request,
        "overview.html",
        session=session,
        counts=overview["instances"],
        chart=failures(AuditStats.model_validate(stats)),
        stats=stats,
        failed=failed["items"],
        more_failed=failed["next_cursor"] is not None,
        waiting=waiting["items"],
        brake=brake,
        health=None,
    )


@signed_in
async def release(request: Request, session: Session) -> Response:
    """Releases the brake."""
    reason = request.state.form.get("reason", "")
    await console_of(request).upstream.post(session.token, "/api/brake/release", {"reason": reason})
    return redirect("/")


async def _brake(request: Request, session: Session) -> Document | None:
    """How it stands, for admins."""
    if not session.is_admin:
        return None
    return await console_of(request).upstream.get(session.token, "/api/brake")
