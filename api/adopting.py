"""Adopting: looks at what is there, says what would be done, and does it, the decision last."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from api.presenter import instance_view
from api.wishes import Wisher, refusal
from cluster.adoption import Survey
from databases.messages import Access
from persistence import instances
from persistence.batch import Result
from schemas.adoption import AdoptInstance, AdoptionPlan, ExistingDatabase, Inspection
from schemas.errors import BadInput, Conflict
from schemas.events import Event
from schemas.payloads import AdoptRequested, DatabaseRef
from schemas.requests import InstanceRequest
from schemas.types import EventType
from schemas.views import InstanceView, PlanLine
from statemachine.decision import Outcome


@dataclass(frozen=True, slots=True)
class Adopting:
    """One adoption, looked at: nothing has been done yet."""

    wisher: Wisher
    body: AdoptInstance
    found: Survey
    access: Access | None
    inspection: Inspection | None
    event: Event

    def plan(self, result: Result) -> AdoptionPlan:
        """What adopting would do."""
        data = self.event.data
        assert isinstance(data, AdoptRequested)  # noqa: S101 - made so by `looked_at`
        allowed = result.outcome is Outcome.APPLIED and result.instance is not None
        return AdoptionPlan(
            allowed=allowed,
            why_not=None if allowed else str(_refusal(result)),
            state=result.instance.state.value if allowed and result.instance else None,
            request=data.request,
            lines=[*_objects(self.found, data), *_database(self.body.database, self.inspection, data)],
        )

    async def preview(self) -> Result:
        """What would be decided now."""
        [result] = await self.wisher.backend.writer.preview([self.event])
        return result

    async def carry_out(self, expected: Result) -> InstanceView:
        """Label the objects, hand the database over, and decide. Whatever fails before that can be done again.

        In this order, so that nobody sees an instance whose objects are not found yet.
        """
        if expected.outcome is not Outcome.APPLIED or expected.instance is None:
            raise _refusal(expected)
        backend, instance = self.wisher.backend, expected.instance
        await backend.existing.take(instance, self.found)
        if self.access is not None and instance.database is not None:
            await backend.databases.adopt(instance.id, instance.customer_id, instance.request.db_type, self.access)
        result = await self.wisher.decided(self.event)
        assert result.instance is not None  # noqa: S101 - it was accepted
        return instance_view(result.instance, backend.writer.policy)


async def looked_at(wisher: Wisher, body: AdoptInstance) -> Adopting:
    """Look at cluster and database. Raises BadInput, Conflict, DependencyDown, DatabaseRefused."""
    backend = wisher.backend
    identity = await wisher.identify(body)
    found = await backend.existing.survey(body.objects, datetime.now(UTC))
    access = await _access(wisher, body.database)
    inspection = await backend.databases.inspect(access) if access is not None else None
    known = inspection if inspection is not None and inspection.exists else None
    data = AdoptRequested(
        customer_id=body.customer_id,
        name=body.name,
        request=_request(wisher, body, found),
        found=_state(found, inspection),
        never_initialised=_never_initialised(found, inspection),
        objects=found.objects,
        database=_reference(known, body.database),
        error_code=found.seen.error_code if found.seen else None,
        error_message=_why(found),
    )
    instance_id = await _id(wisher, body, found) or uuid5(identity, "instance")
    event = wisher.event(EventType.ADOPT_REQUESTED, instance_id, identity, data, body.reason)
    return Adopting(wisher, body, found, access if known else None, inspection, event)


async def _id(wisher: Wisher, body: AdoptInstance, found: Survey) -> UUID | None:
    """The id that was given; or that of an adoption which did not come to its end, so that this one completes it."""
    ours = wisher.backend.existing.installation
    for installation, label in sorted(found.owners):
        if installation != ours:
            raise Conflict(f"Objects of it belong to the installation {installation} of Reprise already")
        if label != str(body.id) and await _exists(wisher, label):
            raise Conflict(f"Objects of it belong to instance {label} already")
    left = next((UUID(label) for _, label in sorted(found.owners)), None)
    if body.id is not None and left is not None and body.id != left:
        raise Conflict(f"Objects of it bear the id {left} of an adoption that did not end; leave `id` out, or send it")
    return body.id or left


async def _exists(wisher: Wisher, label: str) -> bool:
    return await instances.get(wisher.backend.engine, UUID(label)) is not None


async def _access(wisher: Wisher, database: ExistingDatabase | None) -> Access | None:
    if database is None:
        return None
    values = database.model_dump(exclude={"password", "password_secret"})
    return Access(**values, password=await _password(wisher, database))


async def _password(wisher: Wisher, database: ExistingDatabase) -> str:
    if database.password is not None:
        return database.password.get_secret_value()
    assert database.password_secret is not None  # noqa: S101 - the model has one of the two
    secret = database.password_secret
    value = await wisher.backend.existing.secret_value(secret.name, secret.key)
    if not value:
        raise BadInput("database.password_secret", f"Secret {secret.name} is not there, or has no key {secret.key}")
    return value


def _request(wisher: Wisher, body: AdoptInstance, found: Survey) -> InstanceRequest:
    """What was asked for, completed by what the Deployment says."""
    if body.database is not None and body.request.db_type != "shared":
        raise BadInput("request.db_type", "must be shared where a database is adopted: it is on a server of others")
    given = body.request.model_dump(exclude_unset=True)
    request = InstanceRequest(**{**found.sizes, **given})
    return wisher.accept(request, body.customer_id, body.name, "request.")


def _never_initialised(found: Survey, inspection: Inspection | None) -> bool:
    """The proof: a database with nothing in it, or no database and no pod that could have run."""
    if inspection is not None:
        return not (inspection.exists and inspection.initialised)
    return not found.may_hold_files


def _state(found: Survey, inspection: Inspection | None) -> str:
    """As the event says it; `error` becomes degraded where there is no proof."""
    if found.state == "running" or (found.state == "stopped" and not _never_initialised(found, inspection)):
        return found.state
    return "error"


def _reference(found: Inspection | None, database: ExistingDatabase | None) -> DatabaseRef | None:
    if found is None or database is None:
        return None
    where = found.model_dump(include={"db_server_id", "host", "port"})
    return DatabaseRef(**where, database=database.database, username=database.username)


def _why(found: Survey) -> str:
    if found.seen is not None and found.seen.cause:
        return found.seen.cause
    return "It was not running when it was adopted."


def _objects(found: Survey, data: AdoptRequested) -> Iterator[PlanLine]:
    removed = data.found == "error" and data.never_initialised
    for kind, each in found.found:
        name = each["metadata"]["name"]
        if removed:
            why = "it never ran: what it left is removed, and a retry makes its own"
            yield PlanLine(action="delete", kind=kind.name, name=name, why=why)
        else:
            yield PlanLine(action="label", kind=kind.name, name=name, why="labels on the object; nothing restarts")
    for kind, name, user in found.shared:
        why = f"{user} uses it too: it is not labelled, so it is never removed"
        yield PlanLine(action="leave", kind=kind.name, name=name, why=why)
    for kind, name in found.missing:
        yield PlanLine(action="missing", kind=kind.name, name=name, why="it is not there")
    for kind in found.lacking:
        yield PlanLine(action="missing", kind=kind.name, name="none found", why="name one, or go on without")


def _database(named: ExistingDatabase | None, found: Inspection | None, data: AdoptRequested) -> Iterator[PlanLine]:
    if named is None or found is None:
        why = "none was named: Reprise leaves it alone, also when the instance is deleted"
        yield PlanLine(action="missing", kind="Database", name="none named", why=why)
        return
    where = f"{named.database} on {found.db_server_id}"
    if data.database is None:
        yield PlanLine(action="missing", kind="Database", name=where, why="it does not exist; a retry allocates one")
        return
    holds = "something is in it" if found.initialised else "nothing is in it"
    why = f"{holds}; it is the instance's own from now on, and its password is kept encrypted"
    yield PlanLine(action="reuse", kind="Database", name=where, why=why)


def _refusal(result: Result) -> Exception:
    """Why it is not adopted; an id that is in use is a collision, whatever state it is in."""
    before = result.before
    return Conflict(f"Instance {before.id} exists already: {before.name}") if before is not None else refusal(result)
