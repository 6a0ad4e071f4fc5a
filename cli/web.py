"""What a process answers over HTTP, made from the parts it runs: their routes, or only health and metrics."""

from contextlib import AsyncExitStack

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from api import checks
from api.app import create_app
from api.auth import ONLY_SERVICE
from api.gauges import of_bus, of_database
from api.in_cluster import InCluster
from api.ports import Check
from api.probe import probe
from api.server import bind, serve
from api.services import Backend, Services
from bus.connection import connected, jetstream
from bus.wake import Waker
from cli.front import Front
from cli.prefix import Prefixed, first
from cli.wiring import Process, database_client
from cluster.client import Cluster
from cluster.dedicated import DedicatedServers
from cluster.profiles import Profiles
from cluster.taken import Followed
from console.app import ROUTES, console
from consumers.decisions import told
from databases.building import open_service
from databases.routes import router
from persistence.engine import make_engine
from persistence.exports.streaming import Exporter
from persistence.guard import InstanceGuard
from persistence.signing import Signer
from persistence.writer import Writer
from statemachine.policy import Policy

ROUTED = frozenset({"api", "database-service"})
CONSOLE = "console"
PIECES = frozenset(first(route.path) for route in ROUTES)
"""What the paths of the console begin with."""
CLUSTERED = frozenset({"api", "database-service", "cluster", "watcher"})
"""Parts that ask the Kubernetes API; the others need no account there."""
SERVED = frozenset({"database", "cluster", "watcher"})
"""Parts that can do nothing without the database-service."""


async def run(process: Process) -> None:
    """Serve until `stop` is set. Raises BadSettings for a port that is taken, DependencyDown without NATS at first."""
    settings, stop = process.settings, process.stop
    async with AsyncExitStack() as resources:
        pages = await resources.enter_async_context(console(settings)) if CONSOLE in process.names else None
        if pages is not None and process.names == {CONSOLE}:
            await _serve(process, pages, PIECES)
            return
        services = await _services(process, resources)
        if process.names & ROUTED or pages is not None:
            api = create_app(settings, services)
            own = frozenset(map(first, api.openapi()["paths"]))
            await _serve(process, Front(api, own, pages) if pages else api, own | (PIECES if pages else frozenset()))
        else:
            await probe(settings, services, stop)
            await stop.wait()


async def _serve(process: Process, app: ASGIApp, own: frozenset[str]) -> None:
    """Under the prefix, which is none of the first pieces of the application's own paths."""
    settings = process.settings
    prefixed = Prefixed(app, settings.path_prefix, own)
    await serve(prefixed, bind(settings.host, settings.port), process.stop)


async def _services(process: Process, resources: AsyncExitStack) -> Services:
    settings, names = process.settings, process.names
    engine = make_engine(settings.database_url)
    resources.push_async_callback(engine.dispose)
    client = await resources.enter_async_context(connected(settings, "http"))
    cluster = Cluster(settings)
    if names & CLUSTERED:
        await resources.enter_async_context(cluster)
    profiles, followed = Profiles.load(settings), Followed(cluster)
    if "api" in names:
        await resources.enter_async_context(followed.running())
    objects = InCluster(cluster, profiles, followed)
    writer = Writer(engine, Policy.of(settings), observers=(Waker(client), process.metrics.on_results, told))
    databases = await resources.enter_async_context(database_client(settings))
    exporter = Exporter(settings.database_url, engine, Signer.of(settings), settings.installation)
    backend = Backend(
        engine, writer, client, objects, objects, objects, databases, profiles.accept, exporter, process.stop
    )
    return Services(
        metrics=process.metrics,
        checks={
            "postgresql": checks.postgresql(engine),
            "nats": checks.nats(client),
            **({"kubernetes": _reachable(cluster)} if names & CLUSTERED else {}),
            **({"database-service": databases.reachable} if names & SERVED else {}),
        },
        needed=frozenset({"postgresql"}) if "api" in names else None,
        sources=(of_database(engine), of_bus(jetstream(client))),
        backend=backend if "api" in names else None,
        database_service=await _database_service(process, engine, cluster, profiles)
        if "database-service" in names
        else None,
    )


async def _database_service(process: Process, engine: AsyncEngine, cluster: Cluster, profiles: Profiles) -> APIRouter:
    servers = DedicatedServers(cluster, profiles.database_server)
    parts = await open_service(process.settings, engine, InstanceGuard(engine), servers)
    return router(*parts, ONLY_SERVICE)


def _reachable(cluster: Cluster) -> Check:
    async def check() -> None:
        await cluster.version()

    return check
