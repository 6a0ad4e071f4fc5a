"""What the audit log adds up to."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import User
from api.errors import answers
from api.queries import StatsQuery
from api.services import Served
from persistence import audit_stats
from schemas.audit_stats import AuditStats
from schemas.errors import NotFound

router = APIRouter(tags=["audit"])
PERIOD = timedelta(weeks=12)


@router.get("/api/audit/stats", summary="Add up the audit log", responses=answers(404))
async def stats(query: Annotated[StatsQuery, Query()], backend: Served, caller: User) -> AuditStats:
    """Failures by cause and week, time in each state, retries until an instance ran. Customers: of their own alone."""
    if query.customer_id is not None and not caller.sees(query.customer_id):
        raise NotFound("Customer not found")
    now = datetime.now(UTC)
    return await audit_stats.stats(backend.engine, query.since or now - PERIOD, now, caller.only or query.customer_id)
