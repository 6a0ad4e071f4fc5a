"""Health and metrics for the parts that serve nothing else over HTTP."""

import asyncio

from api.app import create_app
from api.server import bind, serve
from api.services import Services
from schemas.settings import Settings


async def probe(settings: Settings, services: Services, stopping: asyncio.Event) -> None:
    """Serves /healthz, /readyz and /metrics on metrics_port until `stopping` is set; not at all where it is 0.

    Raises BadSettings where the port is taken or there are no keys to know callers by.
    """
    if settings.metrics_port:
        app = create_app(settings, services)
        await serve(app, bind(settings.host, settings.metrics_port, "REPRISE_METRICS_PORT"), stopping)
