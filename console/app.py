"""The console as an application: its routes, and what stands around every one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from console import failing
from console.asking import Console
from console.hardening import Hardened, Versioned
from console.live import Hub
from console.pages import (
    auditing,
    creating,
    dead_letters,
    exporting,
    health,
    instance,
    instances,
    live,
    overview,
    parts,
    provider,
    proving,
    resources,
    retrying,
    signing_in,
    tailing,
    wishing,
)
from console.rendering import STATIC
from console.sessions import Sessions
from console.upstream import Upstream
from schemas.errors import RepriseError
from schemas.settings import Settings

ROUTES: list[Route | Mount] = [
    Route("/", overview.show),
    Route("/parts", parts.show, methods=["GET"]),
    Route("/brake", overview.release, methods=["POST"]),
    Route("/dead-letters", dead_letters.index, methods=["GET"]),
    Route("/dead-letters/{sequence:int}", dead_letters.show, methods=["GET"]),
    Route("/dead-letters/{sequence:int}/{action}", dead_letters.act, methods=["POST"]),
    Route("/sign-in", signing_in.form, methods=["GET"]),
    Route("/sign-in", signing_in.begin, methods=["POST"]),
    Route("/sign-in/provider", provider.begin, methods=["GET"]),
    Route(provider.CALLBACK, provider.back, methods=["GET"]),
    Route("/sign-in/{code}", signing_in.redeem, methods=["GET"]),
    Route("/sign-out", signing_in.end, methods=["POST"]),
    Route("/instances", instances.index, methods=["GET"]),
    Route("/instances", creating.create, methods=["POST"]),
    Route("/instances/new", creating.form, methods=["GET"]),
    Route("/instances/{id:uuid}", instance.show, methods=["GET"]),
    Route("/instances/{id:uuid}/resources", resources.show, methods=["GET"]),
    Route("/instances/{id:uuid}/{wish}", wishing.wish, methods=["POST"]),
    Route("/instances/{id:uuid}/{wish}", wishing.back, methods=["GET"]),
    Route("/retries", retrying.index, methods=["GET"]),
    Route("/retries", retrying.begin, methods=["POST"]),
    Route("/retries/{id:uuid}", retrying.show, methods=["GET"]),
    Route("/retries/{id:uuid}/{change}", retrying.change, methods=["POST"]),
    Route("/audit", auditing.index, methods=["GET"]),
    Route("/audit/follow", tailing.stream, methods=["GET"]),
    Route("/audit/export", exporting.export, methods=["POST"]),
    Route("/audit/export", exporting.back, methods=["GET"]),
    Route("/audit/exports/{id:uuid}", exporting.manifest, methods=["GET"]),
    Route("/audit/proof", proving.show, methods=["GET"]),
    Route("/audit/proof", proving.verify, methods=["POST"]),
    Route("/audit/{id:uuid}", auditing.story, methods=["GET"]),
    Route("/room", creating.room, methods=["GET"]),
    Route("/live", live.stream, methods=["GET"]),
    Route("/healthz", health.alive, methods=["GET"]),
    Route("/readyz", health.ready, methods=["GET"]),
    Route("/metrics", health.metrics, methods=["GET"]),
    Mount("/static", Versioned(StaticFiles(directory=STATIC))),
]


@asynccontextmanager
async def console(settings: Settings) -> AsyncIterator[Starlette]:
    """The application, for as long as the block runs. Raises BadSettings without a key for the sessions."""
    settings.required("console_key")
    upstream = Upstream(settings.api_url or f"http://{settings.host}:{settings.port}")
    hub = Hub(upstream)
    key = settings.console_key.get_secret_value() if settings.console_key else ""
    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Hardened)],
        exception_handlers={
            RepriseError: failing.refused,
            HTTPException: failing.not_found,
            Exception: failing.broken,
        },
    )
    app.state.console = Console(upstream, Sessions(key), hub, settings.path_prefix)
    try:
        yield app
    finally:
        await hub.close()
        await upstream.close()
