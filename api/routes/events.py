"""Events by hand: wishes published as events, decided like any other."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from api.errors import BODY, answers
from api.presenter import wish_accepted
from api.publishing import allow_deletion, checked, payload_of, publishable, told
from api.wishes import Wisher, Wishing
from schemas.payloads import DeleteRequested, RetryRequested
from schemas.publishing import EventResult, EventResults, PublishEvents
from schemas.requests import Closed
from schemas.types import EventType
from schemas.views import PublishEvent, WishAccepted

router = APIRouter(tags=["wishes"])
DryRun = Annotated[bool, Query(description="only say what the state machine would decide")]
_FORETOLD: dict[int | str, dict[str, Any]] = {
    200: {"model": EventResult, "description": "With dry_run: what the state machine would decide"}
}


@router.post(
    "/api/instances/{instance_id}/events",
    status_code=202,
    response_model=WishAccepted,
    summary="Publish a wish as an event",
    responses={**_FORETOLD, **answers(*BODY, 404)},
)
async def publish(
    instance_id: UUID, body: PublishEvent, wisher: Wishing, dry_run: DryRun = False
) -> WishAccepted | JSONResponse:
    """`type` is a wish (retry.requested, stop.requested …), `data` its payload. It does what its route does."""
    event_type = publishable(body.type)
    data = payload_of(event_type, body.data)
    if isinstance(data, DeleteRequested):
        allow_deletion(wisher, now=data.now)
    if dry_run:
        foretold = await _foretold(wisher, instance_id, event_type, data)
        return JSONResponse(foretold.model_dump(mode="json"))
    result = await wisher.make(event_type, instance_id, body, data, body.reason, at="data.change.")
    return wish_accepted(result)


async def _foretold(wisher: Wisher, instance_id: UUID, event_type: EventType, data: Closed) -> EventResult:
    instance = await wisher.visible(instance_id)
    if isinstance(data, RetryRequested):
        wisher.accept(data.change.applied_to(instance.request), instance.customer_id, instance.name, "data.change.")
    results = await wisher.backend.writer.preview([wisher.event(event_type, instance_id, uuid4(), data)])
    return told(results, dry_run=True)[0]


@router.post("/api/events", summary="Publish many wishes as events", responses=answers(*BODY))
async def publish_many(body: PublishEvents, wisher: Wishing, dry_run: DryRun = False) -> EventResults:
    """Checked first: where one cannot be accepted, none is published. Then each is decided, in order, and told."""
    events = await checked(wisher, body, dry_run=dry_run)
    writer = wisher.backend.writer
    results = await (writer.preview(events) if dry_run else writer.apply(events))
    return EventResults(dry_run=dry_run, items=told(results, dry_run=dry_run))
