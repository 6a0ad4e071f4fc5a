"""What a process answers over HTTP, made from the parts it runs: their routes, or only health and metrics."""

import asyncio
from contextlib import AsyncExitStack

from api import checks
from api.app import create_app
from api.gauges import of_bus, of_database
from api.in_cluster import InCluster
from api.metrics import Metrics
from api.probe import probe
from api.server import bind, serve
from api.services import Backend, Services
from bus.connection import connected, jetstream
from bus.wake import Waker
from cluster.client import Cluster
from cluster.profiles import Profiles
from persistence.engine import make_engine
from persistence.writer import Writer
from schemas.settings import Settings
from statemachine.policy import Policy

ROUTED = frozenset({"api", "database-service"})


async def run(settings: Settings, names: frozenset[str], stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises BadSettings for a port that is taken, DependencyDown without NATS at first."""
    async with AsyncExitStack() as resources:
        services = await _services(settings, names, stop, resources)
        if names & ROUTED:
            await serve(create_app(settings, services), bind(settings.host, settings.port), stop)
        else:
            await probe(settings, services, stop)
            await stop.wait()


async def _services(
    settings: Settings, names: frozenset[str], stop: asyncio.Event, resources: AsyncExitStack
) -> Services:
    engine = make_engine(settings.database_url)
    resources.push_async_callback(engine.dispose)
    client = await resources.enter_async_context(connected(settings, "http"))
    cluster = await resources.enter_async_context(Cluster(settings))
    metrics = Metrics()
    writer = Writer(engine, Policy.of(settings), observers=(Waker(client), metrics.on_results))
    objects = InCluster(cluster)
    backend = Backend(engine, writer, client, objects, objects, Profiles.load(settings).check, stop)

    async def reach_cluster() -> None:
        await cluster.version()

    return Services(
        metrics=metrics,
        checks={
            "postgresql": checks.postgresql(engine),
            "nats": checks.nats(client),
            "kubernetes": reach_cluster,
        },
        sources=(of_database(engine), of_bus(jetstream(client))),
        backend=backend if "api" in names else None,
    )
