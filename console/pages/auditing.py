"""The audit log: rows by every filter there is, in the address; a row's whole story; an instance as it was then."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from console.asking import console_of, signed_in
from console.rendering import page
from console.sessions import Session
from console.upstream import Document
from schemas.codes import ErrorCode
from schemas.errors import BadInput, DependencyDown
from schemas.types import EventType
from statemachine.states import MEANINGS

LIMIT = 50
FILTERS: Mapping[str, str] = {
    "q": "Text",
    "instance_id": "Instance",
    "customer_id": "Customer",
    "type": "Event",
    "outcome": "Outcome",
    "error_code": "Cause",
    "actor": "By",
    "state_before": "From state",
    "state_after": "To state",
    "attempt": "Attempt",
    "correlation_id": "Job",
    "since": "Since",
    "until": "Until",
}
"""What the API calls each, and what people do; those that are used most come first."""
EXAMPLES: Mapping[str, str] = {
    "instance_id": "its id",
    "actor": "like cli:alice",
    "correlation_id": "its id",
    "since": "2026-01-31T12:00:00Z",
    "until": "2026-01-31T12:00:00Z",
}
CHOICES: Mapping[str, list[str]] = {
    "type": [each.value for each in EventType],
    "state_before": ["none", *(state.value for state in MEANINGS)],
    "state_after": [state.value for state in MEANINGS],
    "outcome": ["applied", "stale", "rejected"],
    "error_code": [each.value for each in ErrorCode],
}


@signed_in
async def index(request: Request, session: Session) -> Response:
    """Newest first. A filter that cannot be is said beside its field, and no row is shown then."""
    return await shown(request, session, dict(request.query_params), {})


async def shown(
    request: Request, session: Session, asked: dict[str, str], problems: dict[str, str], status: int = 400
) -> Response:
    """The page as `asked` says; the problems of an export, whose form had the filters too, stand beside its fields."""
    wanted = wanted_of(asked)
    proof, (found, wrong) = await asyncio.gather(_proof(request, session), _found(request, session, asked))
    problems, cursor = {**wrong, **problems}, found["next_cursor"]
    first = "cursor" not in asked and not problems
    return page(
        request,
        "audit.html",
        status if problems else 200,
        session=session,
        rows=found["items"],
        wanted=wanted,
        asked=asked,
        problems=problems,
        proof=proof,
        choices=CHOICES,
        labels=FILTERS,
        examples=EXAMPLES,
        filters=[name for name in FILTERS if name != "customer_id" or session.is_admin],
        follow_link=f"/audit/follow?{urlencode(wanted)}" if first and "until" not in wanted else None,
        next_link=f"/audit?{urlencode({**wanted, 'cursor': cursor})}" if cursor else None,
        first_link=f"/audit?{urlencode(wanted)}" if asked.get("cursor") else None,
    )


async def _found(request: Request, session: Session, asked: Mapping[str, str]) -> tuple[Document, dict[str, str]]:
    """The rows; none, and the field that is at fault, where a filter cannot be."""
    upstream, wanted = console_of(request).upstream, {**wanted_of(asked), "cursor": asked.get("cursor")}
    try:
        return await upstream.get(session.token, "/api/audit", **wanted, limit=LIMIT), {}
    except BadInput as error:
        return {"items": [], "next_cursor": None}, {error.field: error.message}


def wanted_of(asked: Mapping[str, str]) -> dict[str, str]:
    """The filters among what was asked for."""
    return {name: asked[name] for name in FILTERS if asked.get(name)}


async def _proof(request: Request, session: Session) -> Document | None:
    """What speaks for the log, in short, for admins; None while what knows it does not answer."""
    if not session.is_admin:
        return None
    upstream, token = console_of(request).upstream, session.token
    try:
        checkpoint, verified = await asyncio.gather(
            upstream.get(token, "/api/audit/checkpoints"), upstream.get(token, "/api/audit/verifications", limit=1)
        )
    except DependencyDown:
        return None
    return {"checkpoint": checkpoint["checkpoint"], "verified": next(iter(verified["items"]), None)}


@signed_in
async def story(request: Request, session: Session) -> Response:
    """What the row changed, what caused it, and how far all that followed has come; gaps are flagged."""
    upstream = console_of(request).upstream
    told = await upstream.get(session.token, f"/api/audit/{request.path_params['id']}")
    row = told["row"]
    path = f"/api/instances/{row['instance_id']}"
    instance, past = await asyncio.gather(
        upstream.get(session.token, path),
        upstream.get(session.token, f"{path}/history", seq=row["sequence"]),
    )
    return page(request, "story.html", session=session, told=told, row=row, instance=instance, past=past)
