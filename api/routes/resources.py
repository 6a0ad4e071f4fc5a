"""What there is of an instance in the cluster now."""

from uuid import UUID

from fastapi import APIRouter

from api.auth import User
from api.errors import answers
from api.resources import resources
from api.services import Served
from api.wishes import find
from schemas.views import ResourceList

router = APIRouter(tags=["instances"])


@router.get("/api/instances/{instance_id}/resources", summary="Show an instance's resources", responses=answers(404))
async def resources_of(instance_id: UUID, backend: Served, caller: User) -> ResourceList:
    """Each object in the cluster: whether it is there and ready, and whether the last clean-up deleted or kept it."""
    return await resources(backend, await find(backend, caller, instance_id))
