"""Everything at a glance: how many of each, what fails, how long it takes, what waits, whether the parts are well."""

import asyncio
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, redirect, signed_in
from console.charts import failures
from console.intime import in_time
from console.rendering import page
from console.sessions import Session
from console.upstream import Document
from schemas.audit_stats import AuditStats
from schemas.errors import DependencyDown

FAILED, WAITING = 5, 20
COUNTS = {"reprise_dead_letters": "dead letters"}
AGES = {"reprise_checkpoint_age_seconds": "last checkpoint, age"}


@signed_in
async def show(request: Request, session: Session) -> Response:
    """Customers see what is theirs; how the installation is doing is for admins."""
    upstream, token = console_of(request).upstream, session.token
    overview, stats, failed, waiting, room, health = await asyncio.gather(
        upstream.get(token, "/api/overview"),
        upstream.get(token, "/api/audit/stats"),
        upstream.get(token, "/api/instances", status="error", limit=FAILED),
        upstream.get(token, "/api/instances", status="creating", limit=WAITING),
        in_time(upstream.get(token, "/api/capacity")),
        _health(request, session),
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
        room=room,
        health=health,
    )


@signed_in
async def release(request: Request, session: Session) -> Response:
    """Releases the brake."""
    reason = request.state.form.get("reason", "")
    await console_of(request).upstream.post(session.token, "/api/brake/release", {"reason": reason})
    return redirect("/")


async def _health(request: Request, session: Session) -> Document | None:
    """Of the installation, for admins."""
    if not session.is_admin:
        return None
    upstream, token = console_of(request).upstream, session.token
    brake, metrics, parts, checks = await asyncio.gather(
        upstream.get(token, "/api/brake"),
        upstream.text(token, "/metrics"),
        upstream.get(token, "/api/parts"),
        _checks(request),
    )
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]
    return {
        "brake": brake,
        "checks": checks,
        "counts": {COUNTS[each.name]: int(each.value) for each in samples if each.name in COUNTS},
        "ages": {AGES[each.name]: each.value for each in samples if each.name in AGES},
        "parts": parts["parts"],
    }


async def _checks(request: Request) -> dict[str, Any]:
    try:
        return dict((await console_of(request).upstream.get("", "/readyz"))["checks"])
    except DependencyDown as error:
        return {"api": str(error)}
