"""What may be published by hand, checked before anything is decided: every problem is named at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.wishes import Wisher
from persistence import instances
from persistence.batch import Result
from schemas.errors import BadInput, Forbidden, ForbiddenEvent
from schemas.events import Event
from schemas.payloads import PAYLOADS, DeleteRequested, RetryRequested
from schemas.publishing import EventForInstance, EventResult, PublishEvents
from schemas.requests import Closed
from schemas.types import BEGINNINGS, WISHES, EventType, Kind, kind_of
from statemachine.decision import Outcome
from statemachine.instance import Instance

Place = tuple[str | int, ...]
BY_HAND = sorted(kind.value for kind in WISHES - BEGINNINGS)
_WHY_NOT = {
    Kind.FACT: "is a fact: only the part that observed it may say so",
    Kind.TIMER: "is a timer: it comes when its time has run out",
    Kind.COMMAND: "is a command: only the state machine gives those",
}


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


def payload_of(event_type: EventType, data: dict[str, Any], at: Place = ()) -> Closed:
    """The data of an event whose place in the body is `at`. Raises RequestValidationError, BadInput."""
    try:
        raw = orjson.dumps(data)
    except TypeError as error:
        raise BadInput("data", f"is not plain JSON: {error}") from error
    try:
        return PAYLOADS[event_type].model_validate_json(raw)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *at, "data", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from error


def allow_deletion(wisher: Wisher, *, now: bool) -> None:
    """Raises Forbidden where the caller may not skip the trash."""
    if now and wisher.caller.only is not None:
        raise Forbidden("Only role admin may delete with `now`; without it the instance goes to the trash")


async def checked(wisher: Wisher, body: PublishEvents, *, dry_run: bool) -> list[Event]:
    """The events, each seen to be one that may be published. Raises RequestValidationError with all that is wrong."""
    if not dry_run:
        _ask_for_a_reason(body)
    known = await instances.get_many(wisher.backend.engine, {each.instance_id for each in body.events})
    seen = {key: found for key, found in known.items() if wisher.caller.sees(found.customer_id)}
    problems: list[dict[str, Any]] = []
    payloads = [_payload(wisher, seen, each, number, problems) for number, each in enumerate(body.events)]
    if problems:
        raise RequestValidationError(problems)
    identity = uuid4() if dry_run else await wisher.identify(body)
    return list(_events(wisher, body, payloads, identity))


def _ask_for_a_reason(body: PublishEvents) -> None:
    several = len({each.instance_id for each in body.events}) > 1
    if several and not all(each.reason or body.reason for each in body.events):
        raise BadInput("reason", "is missing; what touches more than one instance needs one")


def _payload(
    wisher: Wisher,
    seen: dict[UUID, Instance],
    wanted: EventForInstance,
    number: int,
    problems: list[dict[str, Any]],
) -> Closed | None:
    at: Place = ("events", number)
    try:
        instance = seen.get(wanted.instance_id)
        if instance is None:
            raise BadInput("instance_id", "is of no instance that there is")
        return _accepted(wisher, instance, wanted, at)
    except RequestValidationError as error:
        problems.extend(error.errors())
    except BadInput as error:
        place = ("body", *at, *error.field.split("."))
        problems.append({"type": "value_error", "loc": place, "msg": error.message, "ctx": {"error": error.message}})
    return None


def _accepted(wisher: Wisher, instance: Instance, wanted: EventForInstance, at: Place) -> Closed:
    event_type = publishable(wanted.type)
    data = payload_of(event_type, wanted.data, at)
    if isinstance(data, DeleteRequested):
        allow_deletion(wisher, now=data.now)
    if isinstance(data, RetryRequested):
        wisher.accept(data.change.applied_to(instance.request), instance.customer_id, instance.name, "data.change.")
    return data


def _events(wisher: Wisher, body: PublishEvents, payloads: Sequence[Closed | None], identity: UUID) -> Iterator[Event]:
    for number, (wanted, data) in enumerate(zip(body.events, payloads, strict=True)):
        event_id = uuid5(identity, str(number))
        reason = wanted.reason or body.reason
        yield wisher.event(EventType(wanted.type), wanted.instance_id, event_id, data, reason)


def told(results: Iterable[Result], *, dry_run: bool) -> list[EventResult]:
    """What became of each event."""
    return [_told(result, dry_run=dry_run) for result in results]


def _told(result: Result, *, dry_run: bool) -> EventResult:
    before, after = result.before, result.instance
    assert before is not None  # noqa: S101 - an event by hand is about an instance that exists,
    assert after is not None  # noqa: S101 - and no instance ceases to
    began = result.outcome is not Outcome.REJECTED and not dry_run
    return EventResult(
        instance_id=after.id,
        type=result.event.type.value,
        outcome=result.outcome.value,
        why=result.why or None,
        state_before=before.state.value,
        state_after=after.state.value,
        attempt=after.attempt,
        job_id=result.event.correlation_id if began else None,
    )
