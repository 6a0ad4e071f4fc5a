"""Bulk retries: planned, begun, looked at, paused, resumed and aborted. The part `lifecycle` carries them out."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from starlette.responses import JSONResponse

from api.auth import Caller, User
from api.bulk_plan import SAMPLE, plan_of
from api.errors import BODY, answers
from api.services import Backend, Served
from api.wishes import Wishing
from persistence import bulk_retries
from persistence.bulk_retries import Begun
from schemas.errors import BadInput, NotFound
from schemas.retrying import BulkPlan, BulkRetries, BulkRetryView, RetryMany

router = APIRouter(prefix="/api/retries", tags=["bulk retries"])
_DRY_RUN = Query(description="only count, and say what would happen")
_PLAN: dict[int | str, dict[str, Any]] = {200: {"model": BulkPlan, "description": "The plan, with dry_run"}}


@router.post(
    "",
    status_code=202,
    response_model=BulkRetryView,
    summary="Retry many instances",
    responses={**_PLAN, **answers(*BODY, 409)},
)
async def create(
    body: RetryMany, wisher: Wishing, answer: Response, dry_run: Annotated[bool, _DRY_RUN] = False
) -> BulkRetryView | JSONResponse:
    """One goes first; once it has passed the step that had failed, the others follow at the rate."""
    backend, caller = wisher.backend, wisher.caller
    if dry_run:
        found = await bulk_retries.matching(backend.engine, body.where, caller.only, body.limit, SAMPLE)
        return JSONResponse(plan_of(body, *found).model_dump(mode="json"))
    for name in ("reason", "expected"):
        if not getattr(body, name):
            raise BadInput(name, "is missing; ask with dry_run=true first, then send the count seen, and why")
    bulk_id = await wisher.identify(body)
    begun = Begun(bulk_id, str(caller.actor), caller.only, datetime.now(UTC))
    await bulk_retries.create(backend.engine, begun, body)
    answer.headers["Location"] = f"{router.prefix}/{bulk_id}"
    return await _seen(backend, caller, bulk_id)


@router.get("", summary="List bulk retries", responses=answers())
async def latest(backend: Served, caller: User) -> BulkRetries:
    """The latest, newest first."""
    return BulkRetries(items=await bulk_retries.latest(backend.engine, caller.only))


@router.get("/{bulk_id}", summary="Show a bulk retry", responses=answers(404))
async def show(bulk_id: UUID, backend: Served, caller: User) -> BulkRetryView:
    """How it goes: only what the audit log has as verified counts as that."""
    return await _seen(backend, caller, bulk_id)


@router.post("/{bulk_id}/pause", summary="Pause a bulk retry", responses=answers(400, 404))
async def pause(bulk_id: UUID, backend: Served, caller: User) -> BulkRetryView:
    """Begins no further retry until it is resumed; what was begun goes on."""
    await _seen(backend, caller, bulk_id)
    await bulk_retries.pause(backend.engine, bulk_id, datetime.now(UTC))
    return await _seen(backend, caller, bulk_id)


@router.post("/{bulk_id}/resume", summary="Resume a bulk retry", responses=answers(400, 404))
async def resume(bulk_id: UUID, backend: Served, caller: User) -> BulkRetryView:
    """Goes on where it was paused."""
    await _seen(backend, caller, bulk_id)
    await bulk_retries.pause(backend.engine, bulk_id, None)
    return await _seen(backend, caller, bulk_id)


@router.delete("/{bulk_id}", summary="Abort a bulk retry", responses=answers(400, 404))
async def abort(bulk_id: UUID, backend: Served, caller: User) -> BulkRetryView:
    """Begins no further retry, for good; what was begun goes on, and the others stay as they were."""
    await _seen(backend, caller, bulk_id)
    await bulk_retries.abort(backend.engine, bulk_id, str(caller.actor))
    return await _seen(backend, caller, bulk_id)


async def _seen(backend: Backend, caller: Caller, bulk_id: UUID) -> BulkRetryView:
    """Raises NotFound where there is none that the caller sees."""
    found = await bulk_retries.show(backend.engine, bulk_id)
    if found is None or caller.only not in (None, found[1]):
        raise NotFound("Bulk retry not found")
    return found[0]
