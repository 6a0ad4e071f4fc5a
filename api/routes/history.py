"""An instance as it was, and how it differs between two rows of its audit log."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api import past
from api.auth import User
from api.errors import answers
from api.queries import ChangesQuery, HistoryQuery
from api.services import Served
from schemas.errors import BadInput
from schemas.history import PastChanges, PastInstance

router = APIRouter(prefix="/api/instances/{instance_id}/history", tags=["audit"])


@router.get("", summary="Show an instance as it was", responses=answers(404, 409))
async def history(
    instance_id: UUID, query: Annotated[HistoryQuery, Query()], backend: Served, caller: User
) -> PastInstance:
    """At a row, or at a time; without either at its last row. Folded from the audit log alone."""
    if query.seq is not None and query.at is not None:
        raise BadInput("at", "cannot be given beside seq; give one of them")
    found = await past.extent(backend.engine, caller, instance_id, query.at)
    sequence = past.chosen(found, query.seq, query.at)
    return await past.seen(backend.engine, instance_id, sequence, found.last)


@router.get("/changes", summary="Compare an instance at two rows", responses=answers(404, 409))
async def history_changes(
    instance_id: UUID, query: Annotated[ChangesQuery, Query()], backend: Served, caller: User
) -> PastChanges:
    """Field by field."""
    found = await past.extent(backend.engine, caller, instance_id)
    last = past.checked("to_seq", query.to_seq, found)
    if query.from_seq >= last:
        raise BadInput("from_seq", f"must be less than to_seq, which is {last}")
    return await past.differing(backend.engine, instance_id, query.from_seq, last)
