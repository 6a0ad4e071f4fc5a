"""What there is of an instance in the cluster, beside what the last clean-up deleted and kept."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from api.services import Backend
from cluster.kinds import KINDS
from cluster.resources import Resource
from persistence import audit
from persistence.searching import AuditFilter
from schemas.errors import ClusterDown
from schemas.payloads import ReceiptLine
from schemas.types import EventType
from schemas.views import AuditRow, ResourceList, ResourceView
from statemachine.instance import Instance
from statemachine.states import HAS_RUN, State

WITHIN = 5.0
"""Seconds for the cluster to answer in: somebody is looking at a page."""
EXPECTING = HAS_RUN | {State.DEPLOYING, State.INITIALIZING}
"""In these an attempt's objects are to be there."""
Name = tuple[str, str]


async def resources(backend: Backend, instance: Instance) -> ResourceList:
    """Raises ClusterDown where the cluster does not answer in time."""
    receipt = await _receipt(backend, instance)
    lines = [ReceiptLine.model_validate(line) for line in receipt.data["objects"]] if receipt is not None else []
    found = await _looked(backend, instance)
    expected = backend.objects.expected(instance) if instance.state in EXPECTING else ()
    return ResourceList(
        items=list(_merged(found, [(thing.kind, thing.name) for thing in expected], lines)),
        looked_at=datetime.now(UTC),
        cleaned_up_at=receipt.recorded_at if receipt is not None else None,
    )


async def _looked(backend: Backend, instance: Instance) -> Sequence[Resource]:
    try:
        async with asyncio.timeout(WITHIN):
            return await backend.objects.resources(instance)
    except TimeoutError as error:
        raise ClusterDown(f"it has not answered within {WITHIN:g} s") from error


async def _receipt(backend: Backend, instance: Instance) -> AuditRow | None:
    """The row of the last clean-up, or of the deletion."""
    kind = EventType.DELETE_COMPLETED if instance.state is State.DELETED else EventType.CLEANUP_COMPLETED
    wanted = AuditFilter(instance_id=instance.id, type=kind.value, outcome="applied")
    rows, _ = await audit.page(backend.engine, wanted, limit=1)
    return rows[0] if rows else None


def _merged(
    found: Sequence[Resource], expected: Iterable[Name], lines: Iterable[ReceiptLine]
) -> Iterator[ResourceView]:
    """What is there, then what should be, then what is only in the receipt."""
    told = {(line.kind, line.name): line for line in lines}
    seen = {(each.kind.name, each.name): each for each in found}
    for name, each in seen.items():
        yield _view(name, told.get(name), each)
    for name in expected:
        if name not in seen:
            yield _view(name, told.get(name), missing=True)
    for name, line in told.items():
        if name not in seen:
            yield _view(name, line)


def _view(
    name: Name, line: ReceiptLine | None, found: Resource | None = None, *, missing: bool = False
) -> ResourceView:
    kind, called = name
    return ResourceView(
        kind=kind,
        name=called,
        attempt=found.attempt if found is not None else None,
        there=found is not None if kind in KINDS or found is not None else None,
        ready=found.told.ready if found is not None else (False if missing else None),
        says=found.told.says if found is not None else ("it should be there" if missing else ""),
        cleanup=line.action if line is not None else None,
        why=line.why if line is not None else None,
    )
