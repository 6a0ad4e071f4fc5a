"""Events by hand: a wish published as an event, decided like any other."""

from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.errors import BODY, answers
from api.presenter import wish_accepted
from api.routes.wishes import allow_deletion
from api.wishes import BEGINNINGS, Wishing
from schemas.errors import BadInput, ForbiddenEvent
from schemas.payloads import PAYLOADS, DeleteRequested
from schemas.requests import Closed
from schemas.types import WISHES, EventType, Kind, kind_of
from schemas.views import PublishEvent, WishAccepted

router = APIRouter(tags=["wishes"])
BY_HAND = sorted(kind.value for kind in WISHES - BEGINNINGS)
_WHY_NOT = {
    Kind.FACT: "is a fact: only the part that observed it may say so",
    Kind.TIMER: "is a timer: it comes when its time has run out",
    Kind.COMMAND: "is a command: only the state machine gives those",
}


@router.post(
    "/api/instances/{instance_id}/events",
    status_code=202,
    summary="Publish a wish as an event",
    responses=answers(*BODY, 404),
)
async def publish(instance_id: UUID, body: PublishEvent, wisher: Wishing) -> WishAccepted:
    """`type` is a wish (retry.requested, stop.requested …), `data` its payload. It does what its route does."""
    event_type = publishable(body.type)
    data = _data(event_type, body.data)
    if isinstance(data, DeleteRequested):
        allow_deletion(wisher.caller, now=data.now)
    result = await wisher.make(event_type, instance_id, body, data, body.reason, at="data.change.")
    return wish_accepted(result)


def publishable(name: str) -> EventType:
    """The type of a wish that may be published by hand. Raises BadInput or ForbiddenEvent with the reason."""
    may = f"publish one of {', '.join(BY_HAND)}"
    if name not in EventType.__members__.values():
        raise BadInput("type", f"{name!r} is no event type that Reprise knows; {may}")
    event_type = EventType(name)
    if event_type in BEGINNINGS:
        raise BadInput("type", f"{name} begins an instance, and this one exists; POST /api/instances makes one")
    kind = kind_of(event_type)
    if kind is not Kind.WISH:
        raise ForbiddenEvent("type", f"{name} {_WHY_NOT[kind]}; {may}")
    return event_type


def _data(event_type: EventType, data: dict[str, Any]) -> Closed:
    try:
        raw = orjson.dumps(data)
    except TypeError as error:
        raise BadInput("data", f"is not plain JSON: {error}") from error
    try:
        return PAYLOADS[event_type].model_validate_json(raw)
    except ValidationError as error:
        found = [{**each, "loc": ("body", "data", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from error
