"""The part `watcher`: says what the cluster shows of every instance. Several may run, and one is active."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg

from bus.connection import UNREACHABLE, connected, jetstream
from bus.publisher import Publisher
from cluster.client import Cluster
from cluster.profiles import Profiles
from consumers.converge.converger import Converger
from consumers.converge.parts import Databases, Parts
from consumers.watching.watcher import Watcher
from persistence.engine import make_engine
from persistence.leadership import Leadership
from schemas.cloudevents import CHANGES
from schemas.settings import Settings

PART = "watcher"


async def run(settings: Settings, stop: asyncio.Event, databases: Databases) -> None:
    """Until `stop` is set: wait for the lead, and watch while it lasts."""
    profiles = Profiles.load(settings)
    engine = make_engine(settings.database_url, pool_size=4)
    async with connected(settings, PART) as client, Cluster(settings) as cluster:
        publisher = Publisher(jetstream(client), settings.event_key_bytes)
        parts = Parts(engine, cluster, databases, profiles, settings.failure_grace)
        converger = Converger(parts, publisher)

        async def work() -> None:
            watcher = Watcher(
                engine,
                cluster,
                publisher,
                converger,
                grace=settings.failure_grace,
                resync_every=settings.resync_every,
            )
            async with _told_of_changes(client, watcher):
                await watcher.run()

        await Leadership(settings.database_url, PART, timeout=settings.leader_timeout).lead(work, stop)
    await engine.dispose()


@asynccontextmanager
async def _told_of_changes(client: Client, watcher: Watcher) -> AsyncIterator[None]:
    """Each change of a row is told of on the bus; one that is missed is found by the next resync."""

    async def changed(message: Msg) -> None:
        with suppress(ValueError):
            watcher.tell({UUID(message.subject.removeprefix(f"{CHANGES}."))})

    subscription = await client.subscribe(f"{CHANGES}.*", cb=changed)
    try:
        yield
    finally:
        with suppress(*UNREACHABLE):
            await subscription.unsubscribe()
