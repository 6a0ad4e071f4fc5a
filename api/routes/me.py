"""Who is asking, as the API knows them."""

from fastapi import APIRouter

from api.auth import User
from api.errors import answers
from schemas.views import Me

router = APIRouter(tags=["callers"])


@router.get("/api/me", summary="Show who is asking", responses=answers())
async def show(caller: User) -> Me:
    """Whose token this is, and what it may do."""
    return Me(subject=caller.subject, role=caller.role.value, customer_id=caller.customer_id)
