"""The database-service over HTTP, for Reprise's own parts alone: what it answers holds passwords."""

import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from databases.adoption import Adoption
from databases.messages import (
    Access,
    AdoptRequest,
    AllocateRequest,
    Allocation,
    Done,
    EmptyRequest,
    ReleaseRequest,
    Waiting,
)
from databases.registry import Registry
from databases.server_routes import add_server_routes
from databases.service import DatabaseService
from schemas.adoption import Inspection
from schemas.errors import NotYet
from schemas.payloads import DatabaseRef
from schemas.requests import Closed

Answer = TypeVar("Answer", bound=Closed)
NO_STORE = {"Cache-Control": "no-store"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {"model": Waiting, "description": "Under way: ask again after the seconds in Retry-After"},
    409: {"description": "Refused, and asking again will not help; `detail` says why"},
    503: {"description": "A dependency does not answer: ask again after the seconds in Retry-After"},
}


def router(service: DatabaseService, registry: Registry, adoption: Adoption, require_service: Any) -> APIRouter:
    """The routes. `require_service` is the dependency (`fastapi.Depends`) that lets only the role service through.

    Errors are RepriseErrors, for the application to turn into problem details.
    """
    routes = APIRouter(prefix="/api/database", tags=["database-service"], dependencies=[require_service])

    @routes.post("/allocate", response_model=Allocation, responses=RESPONSES)
    async def allocate(wanted: AllocateRequest) -> Response:
        """The instance's database, made where it is not there, with its present password."""
        return await _answer(service.allocate(wanted.instance_id, wanted.customer_id, wanted.db_type), _same)

    @routes.post("/empty", response_model=Done, responses=RESPONSES)
    async def empty(wanted: EmptyRequest) -> Response:
        """Empties the database of an instance that never ran, once an attempt."""
        return await _answer(service.empty(wanted.instance_id, wanted.attempt), _done)

    @routes.post("/release", response_model=Done, responses=RESPONSES)
    async def release(wanted: ReleaseRequest) -> Response:
        """Removes the database for good; also where there is none, which from then on gets none."""
        return await _answer(service.release(wanted.instance_id), _done)

    @routes.post("/inspect", responses=RESPONSES)
    async def inspect(wanted: Access) -> Inspection:
        """Whether a database exists that Reprise did not make, and whether anything is in it."""
        return await adoption.inspect(wanted)

    @routes.post("/adopt", responses=RESPONSES)
    async def adopt(wanted: AdoptRequest) -> DatabaseRef:
        """Notes a database that exists already as the instance's own."""
        return await adoption.adopt(wanted.instance_id, wanted.customer_id, wanted.db_type, wanted.access)

    add_server_routes(routes, registry)
    return routes


async def _answer(work: Awaitable[Any], shaped: Callable[[Any], Closed]) -> Response:
    try:
        answer = shaped(await work)
    except NotYet as waiting:
        headers = {"Retry-After": str(max(1, math.ceil(waiting.after))), **NO_STORE}
        return JSONResponse(Waiting(waiting=waiting.what).model_dump(), status_code=202, headers=headers)
    return JSONResponse(answer.model_dump(mode="json"), headers=NO_STORE)


def _same(allocation: Allocation) -> Closed:
    return allocation


def _done(lines: list[Any]) -> Closed:
    return Done(objects=tuple(lines))
