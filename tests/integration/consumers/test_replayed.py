"""Every part ignores what is marked as a replay: put into its streams by hand, signed and of the present step."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy.ext.asyncio import AsyncEngine

from bus.connection import connected, jetstream
from bus.envelope import encode
from bus.streams import CHANGES_STREAM, DEAD_LETTERS_STREAM, STREAM_OF
from cluster.client import Cluster
from cluster.kinds import DEPLOYMENT
from persistence import outbox
from schemas.events import Actor, Event, wish
from schemas.payloads import DeleteRequested
from schemas.requests import Closed
from schemas.settings import Settings
from schemas.types import WISHES, EventType
from statemachine.instance import Instance
from statemachine.states import State
from tests.integration.consumers.test_parts import ALICE, People, eager, everything, people
from tests.integration.consumers.world import Databases
from tests.support.waiting import until
from tests.unit.statemachine.scenario import sample

__all__ = ["eager", "people"]
MARKS = ({"replay": "true", "replay-id": str(uuid4())}, {"replay-id": str(uuid4())}, {"replay": "true"})
"""As a replay marks them, and with half of the mark lost on the way."""


def events(instance: Instance) -> Iterator[Event]:
    """One of each type that the instance would act upon now: those that do harm among them."""
    for event_type in EventType:
        data: Closed = sample(event_type, instance)
        if event_type in WISHES:
            now = datetime.now(UTC)
            yield wish(
                event_type, instance.id, ALICE, now, DeleteRequested(now=True) if "delete" in event_type else data
            )
        else:
            yield _of_step(instance, event_type, data)


def _of_step(instance: Instance, event_type: EventType, data: Closed) -> Event:
    return Event(
        id=uuid4(),
        type=event_type,
        instance_id=instance.id,
        time=datetime.now(UTC),
        actor=Actor("watcher", "watcher"),
        data=data,
        correlation_id=instance.job_id,
        attempt=instance.attempt,
        step=instance.step,
    )


async def put(js: JetStreamContext, settings: Settings, event: Event, mark: dict[str, str]) -> None:
    subject, data, headers = encode(replace(event, id=uuid4()), settings.event_key_bytes)
    await js.publish(subject, data, headers={**headers, **mark})


async def dealt_with(js: JetStreamContext, engine: AsyncEngine) -> bool:
    """The relay has sent all that was due, and every consumer has taken and acknowledged it."""
    if (await outbox.depth(engine)).rows:
        return False
    consumers = [each for stream in STREAM_OF.values() for each in await js.consumers_info(stream)]
    return len(consumers) == 3 and not any(each.num_pending or each.num_ack_pending for each in consumers)


async def stored(js: JetStreamContext) -> int:
    """How many messages parts have ever been given to work on."""
    return sum([(await js.stream_info(stream)).state.last_seq for stream in STREAM_OF.values()])


async def everything_seen(engine: AsyncEngine, cluster: Cluster, instance_id: UUID) -> tuple[Any, ...]:
    """Row, audit log, timers and the Deployment."""
    queries = (
        "SELECT row_to_json(i)::text FROM instances i WHERE id = $1",
        "SELECT count(*)::text FROM audit_log WHERE instance_id = $1",
        "SELECT string_agg(event_id::text, ' ' ORDER BY event_id) FROM outbox WHERE instance_id = $1 AND timer",
    )
    async with engine.connect() as connection:
        rows = [(await connection.exec_driver_sql(query, (instance_id,))).scalar() for query in queries]
    deployments = await cluster.select(DEPLOYMENT)
    return (*rows, [(each["metadata"]["uid"], each["metadata"]["generation"]) for each in deployments])


@pytest.mark.parametrize("state", [State.RUNNING, State.ERROR])
async def test_a_replay_put_into_the_streams_by_hand_changes_nothing_anywhere(
    eager: Settings, people: People, cluster: Cluster, engine: AsyncEngine, state: State
) -> None:
    databases = Databases()
    async with everything(eager, databases), connected(eager, "test") as client:
        js = jetstream(client)
        await people.provision(**({"cpu": "64", "patience": "2s"} if state is State.ERROR else {"cpu": "500m"}))
        instance = await people.sees(state)
        await until(lambda: dealt_with(js, engine), 30, what="all to be dealt with")
        before = await everything_seen(engine, cluster, instance.id)
        told = (await js.stream_info(CHANGES_STREAM)).state.messages
        sent = await stored(js)
        of_all = list(events(instance))
        for mark in MARKS:
            for event in of_all:
                await put(js, eager, event, mark)
            await js.publish(f"changes.{instance.id}", b"{}", headers=mark)
        await until(lambda: dealt_with(js, engine), 30, what="all to be dealt with")
        assert await everything_seen(engine, cluster, instance.id) == before
        assert await stored(js) == sent + len(MARKS) * len(of_all)
        assert (await js.stream_info(CHANGES_STREAM)).state.messages == told + len(MARKS)
        assert (await js.stream_info(DEAD_LETTERS_STREAM)).state.messages == 0
    assert databases.emptied == databases.released == []


async def test_without_the_mark_the_same_would_have_deleted_it(
    eager: Settings, people: People, cluster: Cluster
) -> None:
    """What the test above puts into the streams is not ignored for another reason."""
    async with everything(eager, Databases()), connected(eager, "test") as client:
        await people.provision()
        instance = await people.sees(State.RUNNING)
        [delete] = [event for event in events(instance) if event.type is EventType.DELETE_REQUESTED]
        await put(jetstream(client), eager, delete, {})
        await people.sees(State.DELETED)
