"""The part `cluster`: carries out deploy.apply, deploy.stop, cleanup.run and delete.run by converging the instance."""

import asyncio

from bus.connection import connected, jetstream
from bus.publisher import Publisher
from bus.streams import CLUSTER
from cluster.client import Cluster
from cluster.profiles import Profiles
from consumers.converge.converger import Converger
from consumers.converge.parts import Databases, Parts
from consumers.effects import Effect
from consumers.subscribing import subscribe
from persistence.engine import make_engine
from schemas.events import Event
from schemas.settings import Settings


async def run(settings: Settings, stop: asyncio.Event, databases: Databases) -> None:
    """Until `stop` is set."""
    profiles = Profiles.load(settings)
    engine = make_engine(settings.database_url, pool_size=4)
    async with connected(settings, CLUSTER) as client, Cluster(settings) as cluster:
        js = jetstream(client)
        parts = Parts(engine, cluster, databases, profiles, settings.failure_grace)
        converger = Converger(parts, Publisher(js, settings.event_key_bytes))

        async def work(event: Event) -> None:
            await converger.converge(event.instance_id)

        effect = Effect(js, CLUSTER, settings.event_key_bytes, work, superseded_after=settings.overdue_limit)
        await subscribe(settings, js, effect, CLUSTER, settings.effect_concurrency, stop)
    await engine.dispose()
