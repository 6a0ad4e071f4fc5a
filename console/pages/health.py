"""Whether the console lives, and can reach the API; where both are one process, the API's own answers come first."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from console.asking import console_of
from schemas.errors import DependencyDown


async def alive(request: Request) -> Response:
    """This process answers."""
    return JSONResponse({"status": "ok", "checks": {}})


async def ready(request: Request) -> Response:
    """503, with the reason, while the API does not answer."""
    try:
        await console_of(request).upstream.get("", "/healthz")
    except DependencyDown as error:
        return JSONResponse({"status": "unavailable", "checks": {"api": str(error)}}, 503)
    return JSONResponse({"status": "ok", "checks": {"api": "ok"}})
