"""Instances: made, listed and looked at."""

from typing import Annotated
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter, Query, Response
from starlette.responses import JSONResponse

from api.auth import User
from api.errors import BODY, answers
from api.planning import plan_creation
from api.presenter import instance_view
from api.queries import InstanceQuery, TrailQuery
from api.services import Served
from api.wishes import Wisher, Wishing, find
from persistence import audit, instances
from persistence.instances import InstanceFilter
from persistence.searching import AuditFilter
from schemas.errors import BadInput, Forbidden
from schemas.payloads import ProvisionRequested
from schemas.requests import InstanceRequest
from schemas.types import EventType
from schemas.views import AuditPage, CreateInstance, InstancePage, InstanceView, Plan

router = APIRouter(tags=["instances"])
_DRY_RUN = Query(description="only say what would happen")


@router.post(
    "/api/instances",
    status_code=202,
    response_model=InstanceView,
    summary="Create an instance",
    responses={200: {"model": Plan, "description": "The plan, where dry_run was asked for"}, **answers(*BODY, 409)},
)
async def create(
    body: CreateInstance, wisher: Wishing, answer: Response, dry_run: Annotated[bool, _DRY_RUN] = False
) -> InstanceView | JSONResponse:
    """The instance is accepted and provisioned in the background: follow it by its id, or by its job."""
    data = _provision(body, wisher)
    identity = uuid4() if dry_run else await wisher.identify(body)
    event = wisher.event(EventType.PROVISION_REQUESTED, uuid5(identity, "instance"), identity, data, body.reason)
    if dry_run:
        plan = await plan_creation(wisher, event, data.request)
        return JSONResponse(plan.model_dump(mode="json"))
    result = await wisher.decided(event)
    assert result.instance is not None  # noqa: S101 - it was accepted
    answer.headers["Location"] = f"/api/instances/{result.instance.id}"
    return instance_view(result.instance, wisher.backend.writer.policy)


def _provision(body: CreateInstance, wisher: Wisher) -> ProvisionRequested:
    caller = wisher.caller
    customer = body.customer_id or caller.only
    if customer is None:
        raise BadInput("customer_id", "is missing; send whose the instance is")
    if not caller.sees(customer):
        raise Forbidden(f"A customer may create its own instances only: customer_id must be {caller.customer_id}")
    asked = InstanceRequest(**body.model_dump(include=set(InstanceRequest.model_fields), exclude_unset=True))
    request = wisher.accept(asked, customer, body.name)
    return ProvisionRequested(customer_id=customer, name=body.name, request=request)


@router.get("/api/instances", summary="List instances", responses=answers())
async def index(query: Annotated[InstanceQuery, Query()], backend: Served, caller: User) -> InstancePage:
    """Newest first. Deleted ones are left out unless `status` or `state` asks for them."""
    if query.customer_id is not None and not caller.sees(query.customer_id):
        return InstancePage(items=[], next_cursor=None)
    wanted = InstanceFilter(
        status=query.status,
        state=query.state,
        customer_id=caller.only or query.customer_id,
        error_code=query.error_code,
        q=query.q,
    )
    found, cursor = await instances.page(backend.engine, wanted, limit=query.limit, cursor=query.cursor)
    policy = await backend.writer.policy_now()
    return InstancePage(items=[instance_view(instance, policy) for instance in found], next_cursor=cursor)


@router.get("/api/instances/{instance_id}", summary="Show an instance", responses=answers(404))
async def show(instance_id: UUID, backend: Served, caller: User) -> InstanceView:
    """One instance as it is now, with the one line why it waits, if it does."""
    return instance_view(await find(backend, caller, instance_id), await backend.writer.policy_now())


@router.get("/api/instances/{instance_id}/audit", summary="Show an instance's audit log", responses=answers(404))
async def trail(instance_id: UUID, query: Annotated[TrailQuery, Query()], backend: Served, caller: User) -> AuditPage:
    """Everything that was decided about one instance, oldest first."""
    await find(backend, caller, instance_id)
    rows, cursor = await audit.page(
        backend.engine,
        AuditFilter(instance_id=instance_id, after=query.after),
        limit=query.limit,
        cursor=query.cursor,
        newest_first=False,
    )
    return AuditPage(items=rows, next_cursor=cursor)
