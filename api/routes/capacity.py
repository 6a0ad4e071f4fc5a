"""How much room the cluster has, as a hint before one creates or retries."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import User
from api.errors import answers
from api.planning import imagined
from api.presenter import capacity_for
from api.queries import CapacityQuery
from api.services import Served
from api.wishes import accepted
from schemas.requests import InstanceRequest
from schemas.views import Capacity

router = APIRouter(tags=["capacity"])


@router.get("/api/capacity", summary="Show the cluster's room", responses=answers())
async def show(query: Annotated[CapacityQuery, Query()], backend: Served, caller: User) -> Capacity:
    """Whether such an instance seems to fit now. Customers learn that alone, admins see the nodes."""
    asked = InstanceRequest(**query.model_dump(exclude_none=True))
    request = accepted(backend, asked, caller.only or "somebody", "imagined")
    return capacity_for(caller, await backend.room.capacity(imagined(request)))
