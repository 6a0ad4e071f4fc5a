"""How much room the cluster has, as a hint before one creates or retries."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import User
from api.errors import answers
from api.presenter import capacity_for
from api.queries import CapacityQuery
from api.services import Served
from schemas.views import Capacity

router = APIRouter(tags=["capacity"])


@router.get("/api/capacity", summary="Show the cluster's room", responses=answers())
async def show(query: Annotated[CapacityQuery, Query()], backend: Served, caller: User) -> Capacity:
    """Whether a pod of this size seems to fit now. Customers learn that alone, admins see the nodes."""
    return capacity_for(caller, await backend.room.capacity(query.cpu, query.memory))
