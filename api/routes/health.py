"""Whether this process lives, whether it can work, and what it counts."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from api import checks
from api.auth import ONLY_OPERATOR
from api.errors import answers
from api.gauges import measured
from api.services import AppServices
from schemas.views import Health

OPEN_PATHS = ("/healthz", "/readyz")
"""All that may be asked without a token: nothing in the answers is worth hiding."""

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """200 for as long as the process answers at all; dependencies do not count."""
    return Health(status="ok", checks={})


@router.get(
    "/readyz",
    response_model=Health,
    summary="Can the process work?",
    responses={503: {"model": Health, "description": "Names the dependencies that do not answer"}},
)
async def readyz(services: AppServices) -> Response:
    """200 when what the parts in this process cannot do without answers; others that are down are named."""
    found = await checks.health(services.checks, services.needed)
    return JSONResponse(found.model_dump(), status_code=503 if found.status == "unavailable" else 200)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus (admin, service)",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}, **answers()},
    dependencies=[ONLY_OPERATOR],
)
async def metrics(services: AppServices) -> Response:
    """Counters of this process, and measurements of what the installation shares."""
    shared = generate_latest(await measured(services.sources))
    return Response(generate_latest(services.metrics.registry) + shared, media_type=CONTENT_TYPE_LATEST)
