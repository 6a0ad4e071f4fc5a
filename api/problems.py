"""Every error as RFC 9457 has it: a status, one sentence, and for bad input the field and the remedy."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from api.remedies import as_problems
from schemas.errors import (
    BadInput,
    ClusterRefused,
    Conflict,
    DatabaseRefused,
    DependencyDown,
    Forbidden,
    ForbiddenEvent,
    NotFound,
    NotYet,
    Refused,
    RepriseError,
    Unauthorized,
)
from schemas.text import cleaned
from schemas.views import FieldProblem, Problem

MEDIA_TYPE = "application/problem+json"
REALM = 'Bearer realm="reprise"'
_DEFAULTS = {
    400: "The body is no JSON that can be read: it is nested too deeply, or not in UTF-8, or a number is too long",
    404: "There is nothing at {path}",
    405: "{method} is not possible at {path}; {allow} is",
}
_STATUS: tuple[tuple[type[RepriseError], int], ...] = (
    (ForbiddenEvent, 403),
    (BadInput, 422),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Refused, 400),
    (Conflict, 409),
    (DatabaseRefused, 409),
    (ClusterRefused, 502),
    (DependencyDown, 503),
    (NotYet, 503),
)
"""The first class that fits decides."""


def problem(
    status: int,
    detail: str,
    scope: Scope,
    *,
    errors: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer. Text that came from the caller is cleaned, since it stands in the sentence."""
    content = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=cleaned(detail),
        instance=cleaned(scope.get("path", ""), 500),
        field=errors[0].field if errors else None,
        errors=errors,
        request_id=scope.get("state", {}).get("request_id"),
    )
    return JSONResponse(
        content.model_dump(mode="json", exclude_none=True),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def problem_of(error: RepriseError, scope: Scope) -> Response:
    """The answer to an error that Reprise raised on purpose."""
    errors = [FieldProblem(field=error.field, detail=error.message)] if isinstance(error, BadInput) else None
    return problem(_status(error), str(error), scope, errors=errors, headers=_headers(error))


def _status(error: RepriseError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def _headers(error: RepriseError) -> dict[str, str]:
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    if isinstance(error, Forbidden):
        return {"WWW-Authenticate": f'{REALM}, error="insufficient_scope"'}
    if isinstance(error, DependencyDown | NotYet):
        seconds = error.after if isinstance(error, NotYet) else error.retry_after
        return {"Retry-After": str(max(1, math.ceil(seconds)))}
    return {}


async def _reprise_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RepriseError)  # noqa: S101 - narrows what FastAPI's signature leaves wide
    return problem_of(error, request.scope)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    if isinstance(error.body, bytes):
        return problem(415, "Content-Type must be application/json", request.scope)
    broken = next((found for found in error.errors() if found["type"] == "json_invalid"), None)
    if broken is not None:
        reason = broken["ctx"]["error"]
        return problem(400, f"The body is no JSON: {reason} at position {broken['loc'][-1]}", request.scope)
    errors = as_problems(error.errors())
    return problem(422, f"{errors[0].field}: {errors[0].detail}", request.scope, errors=errors)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = _allowed(request)
    default = _DEFAULTS.get(error.status_code, "")
    told = default.format(path=request.url.path, method=request.method, allow=headers.get("Allow", ""))
    detail = told or str(error.detail)
    return problem(error.status_code, detail, request.scope, headers=headers)


def _allowed(request: Request) -> str:
    """Every method of the path: Starlette names only those of the first route that it finds."""
    paths: dict[str, Any] = request.app.openapi()["paths"]
    return ", ".join(sorted(method.upper() for method in paths.get(request.scope["route"].path, {})))


def add_handlers(app: FastAPI) -> None:
    """Every error of a route becomes a problem."""
    app.add_exception_handler(RepriseError, _reprise_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
