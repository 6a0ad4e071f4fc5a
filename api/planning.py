"""Dry runs: what a creation or a retry would do, decided like the real one and then not done."""

from asyncio import gather
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from api.ports import Thing
from api.presenter import capacity_for
from api.wishes import Wisher, refusal
from persistence.batch import Result
from schemas.errors import NotFound
from schemas.events import Event
from schemas.payloads import RetryRequested
from schemas.requests import NO_UPGRADE, InstanceRequest
from schemas.types import EventType
from schemas.views import Foreseen, Plan, PlanLine
from statemachine.decision import Outcome
from statemachine.instance import Instance
from statemachine.states import State


async def plan_creation(wisher: Wisher, event: Event, request: InstanceRequest) -> Plan:
    """What creating would do. Raises DependencyDown where the cluster cannot be asked."""
    backend = wisher.backend
    [result] = await backend.writer.preview([event])
    new = result.instance or imagined(request)
    plan = await _planned(wisher, result, new)
    if plan.allowed:
        foreseen = await _foreseen(wisher, None, new)
        plan.database_short = _short(wisher, foreseen)
        plan.lines = [*_database(None, new, foreseen), *_created(backend.objects.planned(new), new.attempt)]
    return plan


async def plan_retry(wisher: Wisher, instance_id: UUID, data: RetryRequested) -> Plan:
    """What a retry would do. Raises NotFound, BadInput, and DependencyDown where the cluster cannot be asked."""
    backend = wisher.backend
    before = await wisher.visible(instance_id)
    request = data.change.applied_to(before.request)
    wisher.accept(request, before.customer_id, before.name)
    [result] = await backend.writer.preview([wisher.event(EventType.RETRY_REQUESTED, instance_id, uuid4(), data)])
    coming = replace(before, request=request, attempt=before.attempt + 1, adopted=None)
    plan = await _planned(wisher, result, coming)
    if plan.allowed:
        foreseen, leftovers, servers = await gather(
            _foreseen(wisher, before, coming), backend.objects.existing(before), backend.objects.servers(before)
        )
        plan.database_short = _short(wisher, foreseen)
        plan.lines = [
            *_leftovers(leftovers, before),
            *_database(before, coming, foreseen),
            *_servers(servers),
            *_created(backend.objects.planned(coming), coming.attempt),
        ]
        plan.notes = _notes(data)
    return plan


def _notes(data: RetryRequested) -> list[str]:
    if data.change.image is None:
        return []
    first = f"{data.change.image} initialises the database, since the instance never ran."
    return [f"{first} Once it has run, {NO_UPGRADE}."]


def imagined(request: InstanceRequest) -> Instance:
    """An instance that nobody has asked for, to see what it would take."""
    return Instance(uuid4(), "somebody", "imagined", request, uuid4(), datetime.now(UTC), attempt=1)


async def _planned(wisher: Wisher, result: Result, coming: Instance) -> Plan:
    """Whether it would be accepted and fits, and how long the attempt would wait for room."""
    backend, refused = wisher.backend, None if result.outcome is Outcome.APPLIED else refusal(result)
    if isinstance(refused, NotFound):
        raise refused
    return Plan(
        allowed=refused is None,
        why_not=str(refused) if refused else None,
        request=coming.request,
        patience=coming.request.patience or backend.writer.policy.deploy_timeout,
        lines=[],
        capacity=capacity_for(wisher.caller, await backend.room.capacity(coming)),
        database_short=None,
    )


async def _foreseen(wisher: Wisher, before: Instance | None, coming: Instance) -> Foreseen:
    """Where its database would go; nowhere new where it has one, or is to have a server of its own."""
    if (before is not None and before.database is not None) or coming.request.db_type == "dedicated":
        return Foreseen(server=None, short=None)
    return await wisher.backend.databases.foreseen()


def _short(wisher: Wisher, foreseen: Foreseen) -> str | None:
    """How full each server is stays between admins."""
    told = foreseen.short is None or wisher.caller.only is None
    return foreseen.short if told else "there is no room for another shared database now"


def _leftovers(existing: Sequence[Thing], before: Instance) -> Iterator[PlanLine]:
    cleaning = before.state is State.CLEANING_UP
    why = "the clean-up under way removes it first" if cleaning else "an earlier attempt left it; it is removed"
    for thing in existing:
        yield PlanLine(action="delete", kind=thing.kind, name=thing.name, why=why)


def _database(before: Instance | None, coming: Instance, foreseen: Foreseen) -> Iterator[PlanLine]:
    """The database server, the database and the role: kept over attempts on purpose."""
    known = before.database if before is not None else None
    if before is None or known is None:
        yield _new_server(coming, foreseen)
        why = "allocated for this instance; what an earlier allocation began is finished"
        yield PlanLine(action="create", kind="Database", name="chosen when it is allocated", why=why)
        return
    yield PlanLine(action="reuse", kind="DatabaseServer", name=known.db_server_id, why="kept when the attempt failed")
    yield _known_database(before, known.database)
    why = "kept when the attempt failed; its password is fetched fresh"
    yield PlanLine(action="reuse", kind="Role", name=known.username, why=why)


def _new_server(coming: Instance, foreseen: Foreseen) -> PlanLine:
    if coming.request.db_type == "dedicated":
        why = "db_type is dedicated: a server of its own"
        return PlanLine(action="create", kind="DatabaseServer", name="chosen when it is allocated", why=why)
    why = "db_type is shared: the registered server that has most places free now"
    return PlanLine(action="reuse", kind="DatabaseServer", name=foreseen.server or "none has room", why=why)


def _known_database(before: Instance, name: str) -> PlanLine:
    if not before.init_began:
        return PlanLine(action="reuse", kind="Database", name=name, why="it is empty: its initialisation had not begun")
    if before.state is State.CLEANING_UP:
        why = "its initialisation had begun; the clean-up under way empties it"
        return PlanLine(action="empty", kind="Database", name=name, why=why)
    return PlanLine(action="reuse", kind="Database", name=name, why="the clean-up has emptied it")


def _servers(found: Sequence[Thing]) -> Iterator[PlanLine]:
    for thing in found:
        yield PlanLine(action="reuse", kind=thing.kind, name=thing.name, why="belongs to its dedicated database server")


def _created(planned: Sequence[Thing], attempt: int) -> Iterator[PlanLine]:
    for thing in planned:
        why = f"belongs to attempt {attempt}{thing.note and f'; {thing.note}'}"
        yield PlanLine(action="create", kind=thing.kind, name=thing.name, why=why)
