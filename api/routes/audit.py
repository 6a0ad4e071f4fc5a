"""The audit log over all instances, in pages; and one row of it, explained."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.auth import User
from api.errors import answers
from api.explaining import explained
from api.queries import AuditQuery
from api.services import Served
from persistence import audit, explaining
from persistence.searching import AuditFilter
from schemas.errors import NotFound
from schemas.explained import ExplainedRow
from schemas.views import AuditPage

router = APIRouter(tags=["audit"])


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


@router.get("/api/audit/{event_id}", summary="Explain a row of the audit log", responses=answers(404, 409))
async def explain(event_id: UUID, backend: Served, caller: User) -> ExplainedRow:
    """The whole event, what it changed, what caused it, and how far all that followed has come; gaps are flagged."""
    whole = await explaining.whole(backend.engine, event_id)
    if whole is None or not caller.sees(whole.row.customer_id):
        raise NotFound(f"The audit log has no event {event_id}")
    return await explained(backend, whole)


def _filter(query: AuditQuery, customer_id: str | None) -> AuditFilter:
    values = query.model_dump(exclude={"limit", "cursor", "order", "customer_id"})
    return AuditFilter(**values, customer_id=customer_id)
