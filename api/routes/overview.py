"""How things are, in a few numbers."""

from fastapi import APIRouter

from api.auth import User
from api.errors import answers
from api.services import Served
from persistence import stats
from schemas.views import Overview

router = APIRouter(tags=["instances"])


@router.get("/api/overview", summary="Count the instances by status", responses=answers())
async def count(backend: Served, caller: User) -> Overview:
    """How many instances are in each status, zeros included. Customers count their own."""
    return Overview(instances=await stats.counts_by_status(backend.engine, caller.only))
