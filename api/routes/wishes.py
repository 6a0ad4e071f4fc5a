"""Wishes for an instance: retry, stop, start, hold, release, cancel, restore, delete. Each is decided at once."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from api.auth import Admin
from api.errors import BODY, answers
from api.planning import plan_retry
from api.presenter import retry_queued, wish_accepted
from api.publishing import allow_deletion
from api.wishes import Wisher, Wishing
from schemas.payloads import DeleteRequested, RetryRequested
from schemas.requests import RequestChange
from schemas.text import Reason
from schemas.types import EventType
from schemas.views import Plan, RetryInstance, RetryQueued, Wish, WishAccepted

router = APIRouter(tags=["wishes"])
_DRY_RUN = Query(description="only say what would happen")
_PLAN: dict[int | str, dict[str, Any]] = {
    200: {"model": RetryQueued | Plan, "description": "Queued; with dry_run the plan"}
}
_ERRORS = answers(*BODY, 404)


@router.post(
    "/api/instance/admin/retry-instance/{instance_id}",
    response_model=RetryQueued,
    summary="Retry an instance (admin)",
    responses={**_PLAN, **_ERRORS},
)
async def admin_retry(
    instance_id: UUID,
    wisher: Wishing,
    _: Admin,
    body: RetryInstance | None = None,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> RetryQueued | JSONResponse:
    """The same as the owner's route, for any customer's instance."""
    return await _retry(wisher, instance_id, body, dry_run=dry_run)


@router.post(
    "/api/instances/{instance_id}/retry",
    response_model=RetryQueued,
    summary="Retry an instance",
    responses={**_PLAN, **_ERRORS},
)
async def retry(
    instance_id: UUID,
    wisher: Wishing,
    body: RetryInstance | None = None,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> RetryQueued | JSONResponse:
    """Try again, perhaps with a changed request. During clean-up the retry is kept and runs after it."""
    return await _retry(wisher, instance_id, body, dry_run=dry_run)


async def _retry(
    wisher: Wisher, instance_id: UUID, body: RetryInstance | None, *, dry_run: bool
) -> RetryQueued | JSONResponse:
    wanted = body or RetryInstance()
    change = RequestChange.model_validate(wanted.model_dump(exclude={"reason"}))
    data = RetryRequested(change=change)
    if dry_run:
        plan = await plan_retry(wisher, instance_id, data)
        return JSONResponse(plan.model_dump(mode="json"))
    result = await wisher.make(EventType.RETRY_REQUESTED, instance_id, wanted, data, wanted.reason)
    return retry_queued(result)


async def _plain(event_type: EventType, wisher: Wisher, instance_id: UUID, body: Wish | None) -> WishAccepted:
    wanted = body or Wish()
    return wish_accepted(await wisher.make(event_type, instance_id, wanted, reason=wanted.reason))


@router.post("/api/instances/{instance_id}/stop", status_code=202, summary="Stop an instance", responses=_ERRORS)
async def stop(instance_id: UUID, wisher: Wishing, body: Wish | None = None) -> WishAccepted:
    """Scales it to zero; its data stays."""
    return await _plain(EventType.STOP_REQUESTED, wisher, instance_id, body)


@router.post("/api/instances/{instance_id}/start", status_code=202, summary="Start an instance", responses=_ERRORS)
async def start(instance_id: UUID, wisher: Wishing, body: Wish | None = None) -> WishAccepted:
    """Scales a stopped or degraded instance up again."""
    return await _plain(EventType.START_REQUESTED, wisher, instance_id, body)


@router.post("/api/instances/{instance_id}/hold", status_code=202, summary="Hold an instance", responses=_ERRORS)
async def hold(instance_id: UUID, wisher: Wishing, body: Wish | None = None) -> WishAccepted:
    """Nothing is begun for it, nothing heals it and no deadline passes until it is released."""
    return await _plain(EventType.HOLD_REQUESTED, wisher, instance_id, body)


@router.post("/api/instances/{instance_id}/release", status_code=202, summary="Release an instance", responses=_ERRORS)
async def release(instance_id: UUID, wisher: Wishing, body: Wish | None = None) -> WishAccepted:
    """Goes on where it was held, with what was left of its deadline."""
    return await _plain(EventType.RELEASE_REQUESTED, wisher, instance_id, body)


@router.post("/api/instances/{instance_id}/cancel", status_code=202, summary="Cancel", responses=_ERRORS)
async def cancel(instance_id: UUID, wisher: Wishing, body: Wish | None = None) -> WishAccepted:
    """Gives up what is under way; what the attempt made is removed, the database stays."""
    return await _plain(EventType.CANCEL_REQUESTED, wisher, instance_id, body)


@router.post("/api/instances/{instance_id}/restore", status_code=202, summary="Restore", responses=_ERRORS)
async def restore(instance_id: UUID, wisher: Wishing, body: Wish | None = None) -> WishAccepted:
    """Takes an instance out of the trash; it is stopped then, and can be started."""
    return await _plain(EventType.RESTORE_REQUESTED, wisher, instance_id, body)


@router.delete("/api/instances/{instance_id}", status_code=202, summary="Delete an instance", responses=_ERRORS)
async def delete(
    instance_id: UUID,
    wisher: Wishing,
    now: Annotated[bool, Query(description="skip the days in which it can be restored (admin)")] = False,
    reason: Annotated[Reason, Query()] = "",
) -> WishAccepted:
    """What has run goes to the trash and can be restored for some days; what never ran is deleted at once."""
    allow_deletion(wisher, now=now)
    data = DeleteRequested(now=now)
    return wish_accepted(await wisher.make(EventType.DELETE_REQUESTED, instance_id, data, data, reason))
