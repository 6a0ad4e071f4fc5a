"""The part `database` between a real bus and a real database-service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest_asyncio
from nats.aio.client import Client
from sqlalchemy import text

from bus import relay
from bus.connection import connected, jetstream
from bus.envelope import encode
from bus.streams import DATABASE, DATABASE_STREAM, DEAD_LETTERS_STREAM, ensure
from consumers import database as part_database
from consumers import lifecycle
from consumers.database import Allocates, Allocating
from databases.servers import SharedServer, register
from persistence import instances
from persistence.writer import Writer
from schemas.codes import ErrorCode
from schemas.events import Actor, Event, wish
from schemas.payloads import DeleteRequested, Nothing, ProvisionRequested
from schemas.requests import DatabaseType, InstanceRequest
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.policy import Policy
from statemachine.states import State
from tests.integration.databases.bench import Bench, logged_in, watched
from tests.support.parts import EVENT_KEY, part
from tests.support.ports import free_port
from tests.support.waiting import until

ALICE = Actor("cli", "alice")


@pytest_asyncio.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    """A look at the bus."""
    async with connected(settings, "test") as client:
        await ensure(jetstream(client))
        yield client


@asynccontextmanager
async def parts(settings: Settings, databases: Allocates) -> AsyncIterator[None]:
    """Lifecycle, relay and the part under test."""

    async def run(settings: Settings, stop: asyncio.Event) -> None:
        await part_database.run(settings, stop, databases)

    async with AsyncExitStack() as running:
        for each in (lifecycle.run, relay.run, run):
            await running.enter_async_context(part(each, settings))
        yield


async def provision(bench: Bench, db_type: DatabaseType = "shared") -> UUID:
    """A new instance, accepted."""
    instance_id = uuid4()
    request = InstanceRequest(db_type=db_type)
    wanted = ProvisionRequested(customer_id="acme", name=f"shop-{instance_id.hex}", request=request)
    bench.note(instance_id)
    await wished(bench, EventType.PROVISION_REQUESTED, instance_id, wanted)
    return instance_id


async def wished(bench: Bench, kind: EventType, instance_id: UUID, data: object = None) -> None:
    """A wish, decided."""
    event = wish(kind, instance_id, ALICE, datetime.now(UTC), data)  # type: ignore[arg-type]  # its payload, or none
    await Writer(bench.engine, Policy()).apply([event])


async def reached(bench: Bench, instance_id: UUID, state: State) -> Instance:
    """The instance, once it is in `state`."""

    async def look() -> Instance | None:
        found = await instances.get(bench.engine, instance_id)
        return found if found is not None and found.state is state else None

    found = await until(look, 30, what=f"the instance to be {state}")
    assert found is not None
    return found


def command(instance_id: UUID) -> Event:
    """database.allocate, as the state machine sends it."""
    return Event(
        id=uuid4(),
        type=EventType.DATABASE_ALLOCATE,
        instance_id=instance_id,
        time=datetime.now(UTC),
        actor=Actor("lifecycle", "lifecycle"),
        data=Nothing(),
        correlation_id=uuid4(),
        attempt=1,
        step=2,
    )


async def settled(client: Client) -> bool:
    """Whether every command that was sent has been dealt with."""
    info = await jetstream(client).consumer_info(DATABASE_STREAM, DATABASE)
    return bool(info.num_pending == 0 and info.num_ack_pending == 0)


async def test_the_fact_names_the_database_and_the_password_stands_nowhere(
    settings: Settings, client: Client, bench: Bench
) -> None:
    said: list[bytes] = []

    async def listen(message: object) -> None:
        said.append(repr(message).encode())

    await client.subscribe("instances.>", cb=listen)
    instance_id = await provision(bench)
    async with parts(settings, bench.service):
        instance = await reached(bench, instance_id, State.DEPLOYING)

    allocation = await bench.service.allocate(instance_id, "acme", "shared")
    assert instance.database == allocation.reference()
    async with logged_in(allocation) as session:
        assert await session.fetchval("SELECT 1") == 1
    assert said
    assert allocation.password.encode() not in b"".join(said)
    async with bench.engine.connect() as connection:
        events = (await connection.execute(text("SELECT event FROM audit_log"))).scalars().all()
    assert any(allocation.database.encode() in event for event in events)
    assert not any(allocation.password.encode() in event for event in events)


async def test_a_refusal_fails_the_attempt_in_the_service_s_words(
    settings: Settings, client: Client, bench: Bench
) -> None:
    await bench.registry.drain("embedded", drained=True)
    instance_id = await provision(bench)

    async with parts(settings, bench.service):
        instance = await reached(bench, instance_id, State.CLEANING_UP)

    assert instance.error_code is ErrorCode.DATABASE_UNAVAILABLE
    assert instance.error_message == (
        "No database could be allocated: No server for shared databases takes further ones; register one or end a drain"
    )


async def test_what_is_not_ready_yet_is_asked_for_again(settings: Settings, client: Client, bench: Bench) -> None:
    instance_id = await provision(bench, "dedicated")

    async with parts(settings, bench.service):
        instance = await reached(bench, instance_id, State.DEPLOYING)

    assert instance.database is not None
    assert instance.database.db_server_id == bench.cluster.names[instance_id]
    assert len(bench.cluster.looks) == 2


async def test_a_server_that_is_down_is_waited_for(
    settings: Settings, client: Client, bench: Bench, server: SharedServer
) -> None:
    await register(bench.engine, bench.vault, [server.model_copy(update={"port": free_port()})])
    instance_id = await provision(bench)

    async with parts(settings, bench.service):
        await until(lambda: _delivered_again(client), what="the command to be delivered a second time")
        await register(bench.engine, bench.vault, [server])
        await reached(bench, instance_id, State.DEPLOYING)

    assert await _dead_letters(client) == 0


async def test_a_delete_while_it_is_allocated_leaves_nothing(settings: Settings, client: Client, bench: Bench) -> None:
    reached_it, go_on = asyncio.Event(), asyncio.Event()

    async def hold(statement: str) -> None:
        if statement.startswith("CREATE DATABASE"):
            reached_it.set()
            await go_on.wait()

    instance_id = await provision(bench)
    async with parts(settings, bench.another(watched(hold))):
        await reached_it.wait()
        await wished(bench, EventType.DELETE_REQUESTED, instance_id, DeleteRequested(now=True))
        releasing = asyncio.create_task(bench.service.release(instance_id))
        await until(lambda: _is_released(bench, instance_id))
        go_on.set()
        await releasing
        await until(lambda: settled(client), what="the command to be settled")
        assert (await reached(bench, instance_id, State.DELETING)).database is None

    assert await bench.left(instance_id) == set()


async def test_with_the_streams_deleted_meanwhile_it_still_ends(
    settings: Settings, client: Client, bench: Bench
) -> None:
    js = jetstream(client)
    before = await provision(bench)
    async with parts(settings, bench.service):
        await reached(bench, before, State.DEPLOYING)
        for stream in await js.streams_info():
            assert stream.config.name is not None
            await js.delete_stream(stream.config.name)
        after = await provision(bench)
        await reached(bench, after, State.DEPLOYING)


async def test_a_command_for_what_wants_no_database_does_nothing(bench: Bench) -> None:
    instance_id = await provision(bench)
    published: list[Event] = []

    class Publishes:
        async def publish(self, *events: Event) -> None:
            published.extend(events)

    allocating = Allocating(bench.engine, bench.service, Publishes())
    await allocating.work(command(instance_id))  # it is still pending
    await allocating.work(command(uuid4()))

    assert published == []
    assert await bench.left(instance_id) == set()


async def test_replays_are_ignored_and_what_cannot_be_read_is_buried(
    settings: Settings, client: Client, bench: Bench
) -> None:
    js = jetstream(client)
    instance_id = await provision(bench)
    key = EVENT_KEY.encode()
    async with parts(settings, bench.service):
        await reached(bench, instance_id, State.DEPLOYING)
        subject, data, headers = encode(command(instance_id), key)
        await js.publish(subject, data, headers={**headers, "replay": "true", "replay-id": str(uuid4())})
        await js.publish(subject, b"{", headers={**headers, "Nats-Msg-Id": "broken"})
        await until(lambda: _has(client, 1), what="the dead letter")
        await until(lambda: settled(client), what="both to be settled")

    letter = await js.get_last_msg(DEAD_LETTERS_STREAM, f"dead-letters.{DATABASE}")
    assert letter.data == b"{"


async def _has(client: Client, letters: int) -> bool:
    return await _dead_letters(client) >= letters


async def _dead_letters(client: Client) -> int:
    return (await jetstream(client).stream_info(DEAD_LETTERS_STREAM)).state.messages


async def _delivered_again(client: Client) -> bool:
    return bool((await jetstream(client).consumer_info(DATABASE_STREAM, DATABASE)).num_redelivered)


async def _is_released(bench: Bench, instance_id: UUID) -> bool:
    async with bench.engine.connect() as connection:
        query = text("SELECT state = 'released' FROM databases WHERE instance_id = :id")
        return bool((await connection.execute(query, {"id": instance_id})).scalar_one_or_none())
