"""The one way by which a person's wish is decided over HTTP, whatever route it came by."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import Depends, Header, Request
from pydantic import StringConstraints

from api.auth import Caller, User
from api.services import Backend, Served
from persistence import audit, idempotency, instances
from persistence.batch import Result
from persistence.searching import AuditFilter
from schemas import cloudevents
from schemas.errors import BadInput, Conflict, NotFound, Refused
from schemas.events import Event, wish
from schemas.payloads import RetryRequested
from schemas.requests import NO_UPGRADE, Closed, InstanceRequest
from schemas.text import Plain
from schemas.types import BEGINNINGS, EventType
from statemachine.decision import Outcome
from statemachine.instance import Instance
from statemachine.states import MEANINGS, State

NOT_FOUND = "Instance not found"
_KEYS = uuid5(NAMESPACE_URL, "reprise:idempotency")
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=200), Plain] | None,
    Header(description="The same key makes the same request happen once, however often it is sent."),
]


@dataclass(frozen=True, slots=True)
class Wisher:
    """Who wishes, with what of the request matters to a wish."""

    backend: Backend
    caller: Caller
    route: str
    key: str | None
    traceparent: str | None

    async def visible(self, instance_id: UUID) -> Instance:
        """The instance. Raises NotFound where there is none that the caller sees."""
        return await find(self.backend, self.caller, instance_id)

    async def identify(self, body: Closed) -> UUID:
        """The id of the wish: the same for the same key. Raises BadInput for another body with a used key."""
        if self.key is None:
            return uuid4()
        identity = uuid5(_KEYS, f"{self.caller.key}\n{self.route}\n{self.key}")
        digest = hashlib.sha256(body.model_dump_json().encode()).digest()
        await idempotency.remember(self.backend.engine, identity, digest)
        return identity

    def event(
        self, event_type: EventType, instance_id: UUID, event_id: UUID, data: Closed | None = None, reason: str = ""
    ) -> Event:
        """The wish as an event."""
        return wish(
            event_type,
            instance_id,
            self.caller.actor,
            datetime.now(UTC),
            data,
            reason=reason,
            event_id=event_id,
            traceparent=self.traceparent,
        )

    def accept(self, request: InstanceRequest, customer_id: str, name: str, at: str = "") -> InstanceRequest:
        """The request as its profile completes it. Raises BadInput, its field below `at`, where it may not be so."""
        return accepted(self.backend, request, customer_id, name, at)

    async def make(
        self,
        event_type: EventType,
        instance_id: UUID,
        body: Closed,
        data: Closed | None = None,
        reason: str = "",
        *,
        at: str = "",
    ) -> Result:
        """The wish for an instance that exists, decided now; `at` is where in the body a changed request stands.

        Raises NotFound, Refused, Conflict, BadInput.
        """
        instance = await self.visible(instance_id)
        if isinstance(data, RetryRequested):
            self.accept(data.change.applied_to(instance.request), instance.customer_id, instance.name, at)
        event = self.event(event_type, instance_id, await self.identify(body), data, reason)
        return await self.decided(event)

    async def decided(self, event: Event) -> Result:
        """Decides the wish and commits. Raises what `refusal` says where it is not accepted."""
        [result] = await self.backend.writer.apply([event])
        if result.outcome is Outcome.DUPLICATE:
            await self._must_have_been_accepted(event)
        elif result.outcome is not Outcome.APPLIED:
            raise refusal(result)
        return result

    async def _must_have_been_accepted(self, event: Event) -> None:
        """A wish that was decided before (its key is used again) is answered as it was then; it began its job."""
        [row], _ = await audit.page(
            self.backend.engine, AuditFilter(correlation_id=event.id), limit=1, newest_first=False
        )
        if row.outcome != "applied":
            raise _refused(event, MEANINGS[State(row.state_before)].status, row.error or "")


def accepted(backend: Backend, request: InstanceRequest, customer_id: str, name: str, at: str = "") -> InstanceRequest:
    """The request as its profile completes it. Raises BadInput, its field below `at`, where it may not be so."""
    try:
        return backend.accept(request, customer_id, name)
    except BadInput as error:
        raise BadInput(at + error.field.removeprefix("request."), error.message) from error


async def find(backend: Backend, caller: Caller, instance_id: UUID) -> Instance:
    """The instance. Raises NotFound where there is none, or none that the caller sees."""
    instance = await instances.get(backend.engine, instance_id)
    if instance is None:
        raise NotFound(NOT_FOUND)
    caller.must_see(instance.customer_id)
    return instance


def refusal(result: Result) -> NotFound | Refused | Conflict:
    """Why a wish was not accepted, as the error that says so."""
    if result.before is None:
        return Conflict(result.why) if result.event.type in BEGINNINGS else NotFound(NOT_FOUND)
    return _refused(result.event, result.before.status, result.why)


def _refused(event: Event, status: str, why: str) -> Refused:
    if not isinstance(event.data, RetryRequested):
        return Refused(why)
    also = f"; {NO_UPGRADE}" if event.data.change.image is not None else ""
    return Refused(f"Instance is not in ERROR status (current: {status}){also}")


def _wisher(request: Request, backend: Served, caller: User, idempotency_key: IdempotencyKey = None) -> Wisher:
    return Wisher(
        backend,
        caller,
        f"{request.method} {request.url.path}",
        idempotency_key,
        cloudevents.traceparent(request.headers),
    )


Wishing = Annotated[Wisher, Depends(_wisher)]
