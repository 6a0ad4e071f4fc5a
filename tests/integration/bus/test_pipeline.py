"""Lifecycle, relay and streams together, on a real PostgreSQL and a real NATS server; effects stubbed at their edge."""

from datetime import UTC, datetime
from uuid import uuid4

from nats.aio.client import Client
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import stub
from bus import relay
from bus.connection import jetstream
from bus.envelope import encode
from bus.streams import INSTANCES_STREAM, STREAM_OF
from consumers import lifecycle
from persistence.writer import Writer
from schemas.cloudevents import data, headers, subject
from schemas.events import Actor, Event, wish
from schemas.payloads import Nothing, ProvisionRequested
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.policy import Policy
from statemachine.states import State
from tests.integration.bus.saying import ALICE, dead_letter, provision, publish, reaches, state
from tests.support.parts import EVENT_KEY, part
from tests.support.waiting import until


async def test_a_wish_by_hand_on_the_bus_runs_to_its_end(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    event = provision()
    async with part(lifecycle.run, settings), part(relay.run, settings), part(stub.run, settings):
        await publish(client, event)
        await reaches(engine, event.instance_id, State.RUNNING)
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT type, actor FROM audit_log ORDER BY sequence"))).all()
    assert [row.type for row in rows] == [
        "provision.requested",
        "provision.admitted",
        "database.allocated",
        "deploy.ready",
    ]
    assert rows[0].actor == "bus:alice"


async def test_a_fact_by_hand_is_refused_with_the_reason(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    event = provision()
    made = (await Writer(engine, Policy()).apply([event]))[0].instance
    assert made is not None
    fact = Event(
        id=uuid4(),
        type=EventType.DEPLOY_READY,
        instance_id=made.id,
        time=datetime.now(UTC),
        actor=Actor("watcher", "watcher"),
        data=Nothing(),
        correlation_id=made.job_id,
        attempt=made.attempt,
        step=made.step,
    )
    async with part(lifecycle.run, settings):
        await publish(client, fact)
        letter = await dead_letter(client)
    assert letter.headers is not None
    assert "is a fact, which only Reprise itself publishes" in letter.headers["dead-letter-error"]
    assert letter.data == data(fact)
    assert await state(engine, made.id) is State.ALLOCATING_DATABASE


async def test_with_the_streams_deleted_in_the_middle_everything_still_ends(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    events = [provision(f"shop-{number}") for number in range(20)]
    js = jetstream(client)
    async with part(lifecycle.run, settings), part(relay.run, settings):
        for event in events:
            await publish(client, event)
        for event in events:
            await reaches(
                engine, event.instance_id, State.ALLOCATING_DATABASE if event in events[:10] else State.PENDING
            )
        for stream in await js.streams_info():
            assert stream.config.name is not None
            await js.delete_stream(stream.config.name)
        await until(lambda: has_consumers(client), what="streams and consumers to be made again")
        async with part(stub.run, settings):
            for event in events:
                await reaches(engine, event.instance_id, State.RUNNING, 30)


async def has_consumers(client: Client) -> bool:
    try:
        return all([await jetstream(client).consumers_info(stream) for stream in STREAM_OF.values()])
    except NotFoundError:
        return False


async def test_an_event_that_comes_twice_is_recorded_once(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    event = provision()
    js = jetstream(client)
    for number in range(3):
        again = {**headers(event), "Nats-Msg-Id": f"{event.id}.{number}"}
        await js.publish(subject(event), data(event), headers=again)
    async with part(lifecycle.run, settings):
        await until(lambda: acked(client), what="all three to be acknowledged")
    async with engine.connect() as connection:
        count = await connection.execute(text("SELECT count(*) FROM audit_log WHERE event_id = :id"), {"id": event.id})
        assert count.scalar_one() == 1


async def acked(client: Client) -> bool:
    info = await jetstream(client).consumer_info(INSTANCES_STREAM, "lifecycle")
    return info.num_pending == 0 and info.num_ack_pending == 0


async def test_places_are_given_first_come_first_served(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    few = settings.model_copy(update={"deploy_concurrency": 2})
    writer = Writer(engine, Policy())
    order = [event.instance_id for event in [provision(f"shop-{number}") for number in range(5)]]
    for number, instance_id in enumerate(order):
        request = ProvisionRequested(customer_id="acme", name=f"shop-{number}")
        await writer.apply([wish(EventType.PROVISION_REQUESTED, instance_id, ALICE, datetime.now(UTC), request)])
    for _ in range(2):  # restarts do not reorder who waits
        async with part(lifecycle.run, few):
            await reaches(engine, order[1], State.ALLOCATING_DATABASE)
        assert [await state(engine, i) for i in order] == [State.ALLOCATING_DATABASE] * 2 + [State.PENDING] * 3
    async with part(lifecycle.run, few):
        await writer.apply([wish(EventType.CANCEL_REQUESTED, order[0], ALICE, datetime.now(UTC))])
        await reaches(engine, order[2], State.ALLOCATING_DATABASE)
        assert await state(engine, order[3]) is State.PENDING


async def test_a_signed_event_is_read_as_it_was_said(settings: Settings) -> None:
    said = provision()
    to, body, sealed = encode(said, EVENT_KEY.encode())
    assert to == f"instances.{said.instance_id}.provision.requested"
    assert (body, sealed["ce-id"]) == (data(said), str(said.id))
