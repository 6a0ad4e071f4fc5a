"""The brake: whether it is on, and its release by a person."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.auth import Admin
from api.errors import BODY, answers
from api.services import Served
from persistence import brake
from persistence.brake import Engaged
from schemas.errors import Refused
from schemas.views import BrakeView, ReleaseBrake

router = APIRouter(tags=["brake"])


@router.get("/api/brake", summary="Show the brake", responses=answers())
async def show(backend: Served, _: Admin) -> BrakeView:
    """On: too many instances were lost or timed out at once, and none is given up or healed."""
    return _view(await brake.engaged(backend.engine))


@router.post("/api/brake/release", summary="Release the brake", responses=answers(*BODY))
async def release(backend: Served, caller: Admin, body: ReleaseBrake) -> BrakeView:
    """Healing and failing go on; the brake does not go on again for one window. Answers what it had been on for."""
    released = await brake.release(backend.engine, str(caller.actor), body.reason, datetime.now(UTC))
    if released is None:
        raise Refused("The brake is not on")
    return BrakeView(engaged=False, since=released.since, why=released.why)


def _view(found: Engaged | None) -> BrakeView:
    return BrakeView(engaged=False) if found is None else BrakeView(engaged=True, since=found.since, why=found.why)
