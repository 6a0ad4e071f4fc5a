"""What machines ask of a console that runs alone; where it shares a process with the API, that one answers first."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from console.asking import console_of
from schemas.errors import DependencyDown, RepriseError


async def alive(request: Request) -> Response:
    """This process answers."""
    return JSONResponse({"status": "ok", "checks": {}})


async def ready(request: Request) -> Response:
    """503, with the reason, while the API does not answer."""
    try:
        await console_of(request).upstream.check("", "/healthz")
    except DependencyDown as error:
        return JSONResponse({"status": "unavailable", "checks": {"api": str(error)}}, 503)
    return JSONResponse({"status": "ok", "checks": {"api": "ok"}})


async def metrics(request: Request) -> Response:
    """Those of this process, for whoever may read the API's: it is asked whether the token is good for that."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        await console_of(request).upstream.check(token, "/metrics")
    except RepriseError as error:
        return PlainTextResponse(f"{error}\n", 503 if isinstance(error, DependencyDown) else 401)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
