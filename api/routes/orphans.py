"""Objects in the cluster that no instance wants: listed, and removed only by a person who says how many and why."""

import structlog
from fastapi import APIRouter

from api.auth import Admin
from api.errors import BODY, answers
from api.services import Backend, Served
from cluster.orphans import Orphan
from persistence import instances
from schemas.errors import Conflict
from schemas.views import OrphanList, OrphanView, RemoveOrphans

log = structlog.get_logger("orphans")
router = APIRouter(tags=["orphans"])


@router.get("/api/cluster/orphans", summary="List orphans", responses=answers())
async def index(backend: Served, _: Admin) -> OrphanList:
    """Objects of this installation whose instance is deleted, not known, or at an earlier attempt."""
    return _view(await _found(backend))


@router.post("/api/cluster/orphans/remove", summary="Remove orphans", responses=answers(*BODY, 409))
async def remove(backend: Served, caller: Admin, body: RemoveOrphans) -> OrphanList:
    """Removes them; what holds data only `with_data`. `expected` is how many the caller saw; if not so many, a 409."""
    unwanted = [each for each in await _found(backend) if body.with_data or not each.holds_data]
    if len(unwanted) != body.expected:
        raise Conflict(f"The count is {len(unwanted)} now, not {body.expected}; look at the list again")
    removed = await backend.objects.remove_orphans(unwanted)
    names = [f"{each.kind.name}/{each.name}" for each in removed]
    log.warning("orphans.removed", actor=str(caller.actor), reason=body.reason, objects=names)
    return _view(removed)


async def _found(backend: Backend) -> list[Orphan]:
    return list(await backend.objects.orphans(lambda ids: instances.get_many(backend.engine, ids)))


def _view(found: list[Orphan]) -> OrphanList:
    return OrphanList(
        items=[
            OrphanView(
                kind=each.kind.name, name=each.name, instance=each.instance, why=each.why, holds_data=each.holds_data
            )
            for each in found
        ]
    )
