"""Has instances fail for every cause at once, in one namespace, and says what was told of each."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from cluster.client import Cluster
from cluster.profiles import Profiles
from consumers.converge.converger import Converger
from consumers.watching.watcher import Watcher
from persistence.engine import make_engine
from persistence.writer import Writer
from schemas.events import Event
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from tests.contract.client import Client
from tests.integration.causes import surroundings
from tests.integration.causes.ways import WAYS, Place
from tests.integration.cluster.rooms import administrator, nodes
from tests.integration.consumers.world import Deciding, World
from tests.support.failures import Told, matches, rows
from tests.support.installation import SMALL
from tests.support.waiting import until

GRACE = 0.5
PATIENCE = 60.0
ON_THE_WAY = {State.DEPLOYING: EventType.DEPLOY_TIMEOUT, State.INITIALIZING: EventType.INIT_TIMEOUT}


@dataclass(frozen=True)
class Outcome:
    """The row when it was clean again, and what the pods and ReplicaSets were called."""

    row: Instance
    names: tuple[str, ...]


Outcomes = dict[str, Outcome | BaseException]


class Telling(Deciding):
    """A publisher that tells the watcher of each row that changed, as it would be told over the bus."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer)
        self.watchers: list[Watcher] = []

    async def publish(self, *events: Event) -> None:
        await super().publish(*events)
        for watcher in self.watchers:
            watcher.tell(event.instance_id for event in events)


@dataclass(frozen=True)
class Stage:
    """Where the instances are made."""

    engine: AsyncEngine
    publisher: Telling
    profiles: Profiles
    clusters: Mapping[Place, Cluster]

    def world(self, cluster: Cluster) -> World:
        """One instance's, in this cluster."""
        world = World(self.engine, cluster)
        world.publisher = self.publisher
        world.parts = replace(world.parts, profiles=self.profiles, grace=GRACE)
        world.converger = Converger(world.parts, self.publisher)
        return world

    async def attempt(self, cause: str) -> Outcome:
        """Ask for it, wait until it fails or tells why it waits, let its deadline pass, and have it cleaned up."""
        way, told = WAYS[cause], rows()[cause]
        world = self.world(self.clusters[way.place])
        await world.deploying(profile=profile_name(cause), **{**SMALL, **way.request})
        await world.converge()
        await _until_told(world, told)
        sight = await world.look()
        row = await world.row()
        if row.state in ON_THE_WAY:
            await world.timed_out(ON_THE_WAY[row.state])
        await world.converge()
        names = tuple(found["metadata"]["name"] for found in (*sight.pods, *sight.replica_sets))
        return Outcome(await world.row(), names)


async def _until_told(world: World, told: Told) -> None:
    async def is_told() -> bool:
        row = await world.row()
        delay = told.cause_of_delay
        return row.state not in ON_THE_WAY or (delay is not None and matches(delay, row.cause or ""))

    try:
        await until(is_told, PATIENCE, what=told.sentence, pause=0.1)
    except AssertionError as error:
        row = await world.row()
        error.add_note(f"it is {row.state}: {row.cause_code}: {row.cause}")
        raise


def profile_name(cause: str) -> str:
    """Its number."""
    return f"cause-{list(WAYS).index(cause)}"


def possible(*, real: bool) -> list[str]:
    """The causes that this kind of cluster can bring about."""
    return [cause for cause, way in WAYS.items() if real or not way.real_only]


async def outcomes(kubeconfig: Path, database: str, directory: Path, *, real: bool) -> Outcomes:
    """By cause; what went wrong where an instance did not come so far."""
    namespace = f"causes-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(administrator(kubeconfig, namespace))
        settings = Settings(kubeconfig=kubeconfig, namespace=namespace, installation="test")
        engine = make_engine(database, pool_size=10)
        stack.push_async_callback(engine.dispose)
        clusters = await _clusters(stack, admin, settings, directory, real=real)
        stage = Stage(engine, Telling(Writer(engine, Policy())), _profiles(namespace), clusters)
        await stack.enter_async_context(_watched(stage))
        return await _brought_about(stage, admin, possible(real=real))


async def _brought_about(stage: Stage, admin: Client, causes: list[str]) -> Outcomes:
    """Those that need nodes of their own come later, each with its own, so that no other reads of these nodes."""
    pooled = [cause for cause in causes if WAYS[cause].nodes]
    found = await _attempted(stage, [cause for cause in causes if cause not in pooled])
    for cause in pooled:
        async with nodes(admin, WAYS[cause].nodes):
            found |= await _attempted(stage, [cause])
    return found


async def _attempted(stage: Stage, causes: list[str]) -> Outcomes:
    found = await asyncio.gather(*(stage.attempt(cause) for cause in causes), return_exceptions=True)
    return dict(zip(causes, found, strict=True))


async def _clusters(
    stack: AsyncExitStack, admin: Client, settings: Settings, directory: Path, *, real: bool
) -> dict[Place, Cluster]:
    await surroundings.limit(admin, ranges=real)
    shared = await stack.enter_async_context(Cluster(settings))
    dying = await stack.enter_async_context(surroundings.terminating(admin, settings))
    found: dict[Place, Cluster] = {"shared": shared, "terminating": dying}
    if real:
        await stack.enter_async_context(surroundings.webhook(admin, directory))
        limited = surroundings.without_permission(admin, settings, directory)
        found["without permission"] = await stack.enter_async_context(limited)
    return found


def _profiles(pool: str) -> Profiles:
    return Profiles(profiles={profile_name(cause): way.profile_in(pool) for cause, way in WAYS.items()})


@asynccontextmanager
async def _watched(stage: Stage) -> AsyncIterator[None]:
    converger = stage.world(stage.clusters["shared"]).converger
    watcher = Watcher(stage.engine, stage.clusters["shared"], stage.publisher, converger, grace=GRACE, resync_every=5.0)
    stage.publisher.watchers.append(watcher)
    task = asyncio.create_task(watcher.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
