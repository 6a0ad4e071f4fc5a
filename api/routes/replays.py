"""Past events sent again: planned, begun, looked at, stopped and resumed. The part `lifecycle` sends them."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from starlette.responses import JSONResponse

from api.auth import Admin
from api.errors import BODY, answers
from api.replay_plan import SAMPLE, plan_of
from api.services import Backend, Served
from api.wishes import Wishing
from bus.connection import jetstream
from bus.replaying import destination
from persistence import replays
from persistence.replays import Asked
from schemas.errors import BadInput, NotFound
from schemas.replaying import ReplayMany, ReplayPlan, Replays, ReplayView, WhyThisReplay

router = APIRouter(prefix="/api/replays", tags=["replays"])
_DRY_RUN = Query(description="only count, and say what would be sent")
_PLAN: dict[int | str, dict[str, Any]] = {200: {"model": ReplayPlan, "description": "The plan, with dry_run"}}


@router.post(
    "",
    status_code=202,
    response_model=ReplayView,
    summary="Send past events again (admin)",
    responses={**_PLAN, **answers(*BODY, 409)},
)
async def create(
    body: ReplayMany, wisher: Wishing, _: Admin, answer: Response, dry_run: Annotated[bool, _DRY_RUN] = False
) -> ReplayView | JSONResponse:
    """Out of the audit log to a subject of another system, marked as a replay, in the order they were recorded in."""
    backend, now = wisher.backend, datetime.now(UTC)
    stream = await destination(jetstream(backend.nats), body.to)
    if dry_run:
        where = body.where.model_copy(update={"until": min(body.where.until or now, now)})
        found = await replays.matching(backend.engine, where, SAMPLE)
        return JSONResponse(plan_of(body, where, stream, *found).model_dump(mode="json"))
    for name in ("reason", "expected"):
        if not getattr(body, name):
            raise BadInput(name, "is missing; ask with dry_run=true first, then send the count seen, and why")
    replay_id = await wisher.identify(body)
    await replays.create(backend.engine, Asked(replay_id, str(wisher.caller.actor), stream, now), body)
    answer.headers["Location"] = f"{router.prefix}/{replay_id}"
    return await _seen(backend, replay_id)


@router.get("", summary="List replays (admin)", responses=answers())
async def latest(backend: Served, _: Admin) -> Replays:
    """The latest, newest first."""
    return Replays(items=await replays.latest(backend.engine))


@router.get("/{replay_id}", summary="Show a replay (admin)", responses=answers(404))
async def show(replay_id: UUID, backend: Served, _: Admin) -> ReplayView:
    """How many of its events are in the stream, and who stopped or resumed it."""
    return await _seen(backend, replay_id)


@router.post("/{replay_id}/stop", summary="Stop a replay (admin)", responses=answers(400, 404))
async def stop(replay_id: UUID, backend: Served, caller: Admin) -> ReplayView:
    """Sends no further event, from the answer on; it can be resumed."""
    await _seen(backend, replay_id)
    await replays.stop(backend.engine, replay_id, str(caller.actor), datetime.now(UTC))
    return await _seen(backend, replay_id)


@router.post("/{replay_id}/resume", summary="Resume a replay (admin)", responses=answers(*BODY, 404))
async def resume(replay_id: UUID, body: WhyThisReplay, backend: Served, caller: Admin) -> ReplayView:
    """Goes on where it stopped: no event comes twice, and none is left out."""
    await _seen(backend, replay_id)
    await replays.resume(backend.engine, replay_id, str(caller.actor), body.reason, datetime.now(UTC))
    return await _seen(backend, replay_id)


async def _seen(backend: Backend, replay_id: UUID) -> ReplayView:
    """Raises NotFound where there is none."""
    found = await replays.show(backend.engine, replay_id)
    if found is None:
        raise NotFound("Replay not found; GET /api/replays lists the latest")
    return found
