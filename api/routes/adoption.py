"""Adoption: an instance that exists already is brought in as it is."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.responses import JSONResponse

from api.adopting import looked_at
from api.auth import Admin
from api.errors import BODY, answers
from api.wishes import Wishing
from schemas.adoption import AdoptInstance, AdoptionPlan
from schemas.views import InstanceView

router = APIRouter(tags=["instances"])


@router.post(
    "/api/instances/adopt",
    status_code=202,
    response_model=InstanceView,
    summary="Adopt an instance that exists already (admin)",
    responses={
        200: {"model": AdoptionPlan, "description": "The plan, where dry_run was asked for"},
        **answers(*BODY, 409),
    },
)
async def adopt(
    body: AdoptInstance,
    wisher: Wishing,
    answer: Response,
    _: Admin,
    dry_run: Annotated[bool, Query(description="only say what would happen")] = False,
) -> InstanceView | JSONResponse:
    """Its objects are labelled, its database's password is kept, and nothing restarts."""
    adopting = await looked_at(wisher, body)
    expected = await adopting.preview()
    if dry_run:
        return JSONResponse(adopting.plan(expected).model_dump(mode="json"))
    adopted = await adopting.carry_out(expected)
    answer.headers["Location"] = f"/api/instances/{adopted.id}"
    return adopted
