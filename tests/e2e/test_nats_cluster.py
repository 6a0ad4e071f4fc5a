"""NATS as three servers: the one that leads the stream dies in the middle of a run, and nothing is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from nats.js.api import StreamInfo

from bus.connection import connected, jetstream
from bus.streams import CONSUMERS, DEAD_LETTERS_STREAM, INSTANCES_STREAM, STREAM_OF, STREAMS, ensure
from embedded.probing import answers
from schemas.errors import DependencyDown
from schemas.settings import Settings
from tests.support.installation import installation, served
from tests.support.nats_cluster import NAMES, NatsCluster, nats_cluster
from tests.support.ports import free_port
from tests.support.running import running
from tests.support.trails import intact_trails
from tests.support.waiting import until

INSTANCES = 30
EACH = {
    "provision.requested",
    "provision.admitted",
    "database.allocated",
    "deploy.ready",
}


@pytest_asyncio.fixture
async def three(tmp_path: Path) -> AsyncIterator[NatsCluster]:
    async with nats_cluster(tmp_path) as cluster:
        yield cluster


async def stream(settings: Settings, name: str = INSTANCES_STREAM) -> StreamInfo:
    async with connected(settings, "test") as client:
        return await jetstream(client).stream_info(name)


async def leader(settings: Settings) -> str | None:
    cluster = (await stream(settings)).cluster
    return cluster.leader if cluster else None


async def test_the_leader_is_killed_during_a_run_and_nothing_is_lost(whole: Settings, three: NatsCluster) -> None:
    settings = whole.model_copy(update={"nats_url": three.url, "nats_replicas": 3})
    async with installation(settings) as reprise:
        ids = await reprise.create_many(INSTANCES)
        await reprise.has_running(3)
        killed = await leader(settings)
        assert killed in NAMES
        three.kill(killed)
        assert (await reprise.by_status()).get("running", 0) < INSTANCES, "the run was over before the server died"
        await reprise.has_running(INSTANCES, 90)
        assert await leader(settings) not in (None, killed)
        trails = await intact_trails(settings.database_url)
    assert set(trails) == set(ids)
    for trail in trails.values():
        assert set(trail) >= EACH
    assert (await stream(settings, DEAD_LETTERS_STREAM)).state.messages == 0
    await three.start(killed)
    await until(lambda: all_current(settings), 30, what="the server that died to catch up")


async def all_current(settings: Settings) -> bool:
    cluster = (await stream(settings)).cluster
    return cluster is not None and [peer.current for peer in cluster.replicas or ()] == [True, True]


async def test_streams_made_for_one_server_are_spread_over_three(whole: Settings, three: NatsCluster) -> None:
    settings = whole.model_copy(update={"nats_url": three.url})
    async with connected(settings, "test") as client:
        js = jetstream(client)
        await ensure(js)
        await js.publish("instances.x.provision.requested", b"kept", stream=INSTANCES_STREAM)
        await ensure(js, replicas=3)
        for each in STREAMS:
            assert each.name is not None
            assert (await js.stream_info(each.name)).config.num_replicas == 3
        await until(lambda: all_current(settings), 30)
        await until(lambda: consumers_are_kept_by_three(js), 30)
        assert (await stream(settings)).state.messages == 1


async def consumers_are_kept_by_three(js: JetStreamContext) -> bool:
    found = [each for stream in STREAM_OF.values() for each in await js.consumers_info(stream)]
    assert len(found) == len(CONSUMERS)
    return all(each.cluster is not None and len(each.cluster.replicas or ()) == 2 for each in found)


async def test_more_copies_than_servers_is_said(settings: Settings) -> None:
    async with connected(settings, "test") as client:
        with pytest.raises(DependencyDown, match="replicas > 1 not supported in non-clustered mode"):
            await ensure(jetstream(client), replicas=3)


async def test_a_part_ends_by_itself_while_every_server_is_away(whole: Settings, three: NatsCluster) -> None:
    settings = whole.model_copy(update={"nats_url": three.url, "metrics_port": free_port()})
    async with running(served(settings, ("database-service", "database", "cluster"))) as process:
        for name in NAMES:
            three.kill(name)
        await until(lambda: answers("127.0.0.1", settings.port, "/readyz", status=503))
        process.terminate()
        assert process.wait(30) == 0
