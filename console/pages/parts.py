"""How the parts are, what they depend on, and the room: asked for by an overview that is shown, or looked at alone."""

import asyncio
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, signed_in
from console.intime import in_time
from console.rendering import page
from console.sessions import Session
from schemas.errors import DependencyDown

COUNTS = {"reprise_dead_letters": "dead letters"}
AGES = {"reprise_checkpoint_age_seconds": "last checkpoint, age"}


@signed_in
async def show(request: Request, session: Session) -> Response:
    """The page, for admins."""
    upstream, token = console_of(request).upstream, session.token
    metrics, parts, checks, room = await asyncio.gather(
        upstream.text(token, "/metrics"),
        upstream.get(token, "/api/parts"),
        _checks(request),
        in_time(upstream.get(token, "/api/capacity")),
    )
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]
    health = {
        "checks": checks,
        "counts": {COUNTS[each.name]: int(each.value) for each in samples if each.name in COUNTS},
        "ages": {AGES[each.name]: each.value for each in samples if each.name in AGES},
        "parts": parts["parts"],
    }
    return page(request, "parts.html", session=session, health=health, room=room)


async def _checks(request: Request) -> dict[str, Any]:
    try:
        return dict((await console_of(request).upstream.get("", "/readyz"))["checks"])
    except DependencyDown as error:
        return {"api": str(error)}
