"""This API and the bus, described for people and machines."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from api import asyncapi
from api.errors import answers
from api.page import documentation

router = APIRouter(tags=["documents"])
_ANY: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}


@router.get("/openapi.json", summary="OpenAPI document", responses={200: {"content": _ANY}, **answers()})
async def openapi(request: Request) -> JSONResponse:
    """The routes of this process."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", summary="Documentation", response_class=HTMLResponse, responses=answers())
async def docs(request: Request) -> HTMLResponse:
    """The same for people."""
    return documentation(request.app.openapi())


@router.get("/asyncapi", summary="AsyncAPI document", responses={200: {"content": _ANY}, **answers()})
async def bus(request: Request) -> JSONResponse:
    """The events on the bus."""
    return JSONResponse(asyncapi.document(request.app.version))
