"""The audit log over all instances: in pages, or all of it as lines."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from api.auth import Admin, User
from api.errors import answers
from api.explaining import explained
from api.queries import AuditQuery, ExportQuery
from api.services import Backend, Served
from persistence import audit, explaining
from persistence.searching import AuditFilter
from schemas.errors import NotFound
from schemas.explained import ExplainedRow
from schemas.views import AuditPage, AuditRow

router = APIRouter(tags=["audit"])
_LINES = {"application/x-ndjson": {"schema": {"type": "string", "description": "one AuditRow a line"}}}
_PAGE = 1000


@router.get("/api/audit", summary="List the audit log", responses=answers())
async def index(query: Annotated[AuditQuery, Query()], backend: Served, caller: User) -> AuditPage:
    """What was decided, for whom, by whom and why. Customers see their own instances' rows."""
    if query.customer_id is not None and not caller.sees(query.customer_id):
        return AuditPage(items=[], next_cursor=None)
    wanted = _filter(query, caller.only or query.customer_id)
    newest_first = query.order == "newest"
    rows, cursor = await audit.page(
        backend.engine, wanted, limit=query.limit, cursor=query.cursor, newest_first=newest_first
    )
    return AuditPage(items=rows, next_cursor=cursor)


@router.get(
    "/api/audit/export",
    summary="Export the audit log (admin)",
    response_class=StreamingResponse,
    responses={200: {"content": _LINES, "description": "JSON lines, oldest first"}, **answers()},
)
async def export(query: Annotated[ExportQuery, Query()], backend: Served, caller: Admin) -> StreamingResponse:
    """Every row that fits as one line of JSON. An answer that breaks off is not complete."""
    wanted = _filter(query, query.customer_id)
    first = await audit.page(backend.engine, wanted, limit=_PAGE, newest_first=False)
    return StreamingResponse(
        _lines(backend, wanted, first),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'},
    )


@router.get("/api/audit/{event_id}", summary="Explain a row of the audit log", responses=answers(404, 409))
async def explain(event_id: UUID, backend: Served, caller: User) -> ExplainedRow:
    """The whole event, what it changed, what caused it, and how far all that followed has come; gaps are flagged."""
    whole = await explaining.whole(backend.engine, event_id)
    if whole is None or not caller.sees(whole.row.customer_id):
        raise NotFound(f"The audit log has no event {event_id}")
    return await explained(backend, whole)


async def _lines(
    backend: Backend, wanted: AuditFilter, first: tuple[list[AuditRow], str | None]
) -> AsyncIterator[bytes]:
    """The first page was read before the answer began, so that a dependency that is down is still a 503."""
    rows, cursor = first
    while True:
        yield b"".join(row.model_dump_json().encode() + b"\n" for row in rows)
        if cursor is None:
            return
        rows, cursor = await audit.page(backend.engine, wanted, limit=_PAGE, cursor=cursor, newest_first=False)


def _filter(query: AuditQuery | ExportQuery, customer_id: str | None) -> AuditFilter:
    values = query.model_dump(exclude={"limit", "cursor", "order", "customer_id"})
    return AuditFilter(**values, customer_id=customer_id)
