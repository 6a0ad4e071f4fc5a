"""Messages at fault, whatever is wrong with them: each becomes a dead letter with the reason, its neighbours go on."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.js.errors import APIError, NoStreamResponseError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bus.connection import jetstream
from bus.publisher import Publisher
from bus.streams import INSTANCES_STREAM
from consumers import lifecycle
from persistence.batch import Batch
from persistence.writer import Writer
from schemas.cloudevents import headers
from schemas.events import Actor, Event, wish
from schemas.payloads import AdoptRequested, Progress
from schemas.settings import Settings
from schemas.types import EventType
from statemachine.instance import Instance
from statemachine.policy import Policy
from tests.integration.bus.saying import ALICE, dead_letter, provision, publish, state
from tests.support.parts import EVENT_KEY, part
from tests.support.waiting import until


def days(number: float) -> str:
    return (datetime.now(UTC) + timedelta(days=number)).isoformat()


@pytest.mark.parametrize(
    ("change", "body", "error"),
    [
        ({"ce-type": "no.such"}, b"{}", "ce-type: 'no.such' is no event type"),
        ({"ce-subject": "nobody"}, b"{}", "ce-subject: 'nobody' is no UUID"),
        ({"ce-subject": str(UUID(int=7))}, b"{}", f"and the event says instances.{UUID(int=7)}.retry.requested"),
        ({"ce-time": "yesterday"}, b"{}", "ce-time: 'yesterday' is no time"),
        ({"ce-time": "0001-01-01T00:00:00+14:00"}, b"{}", "ce-time: '0001-01-01T00:00:00+14:00' is no time"),
        ({"ce-time": days(1)}, b"{}", "is ahead of this server's clock by more than 5 minutes"),
        ({"ce-time": days(-400)}, b"{}", "is more than 30 days ago"),
        ({"replay-id": "again"}, b"{}", "replay-id: 'again' is no UUID"),
        ({"Nats-Expected-Stream": "INSTANCES", "ce-type": "no.such"}, b"{}", "ce-type: 'no.such'"),
        ({"x-long": "x" * 64_000}, b"{", "data: Invalid JSON"),
        ({}, b"{", "data: Invalid JSON"),
        ({}, b'{"change": {"cpu": "lots"}}', "data.change.cpu: 'lots' is no quantity"),
        ({}, b'{"unknown": 1}', "data.unknown: is not known here"),
        ({}, b'{"change": {"profile": "\\u0000"}}', "data.change.profile"),
        ({}, b" " * 70_000, "data: is 70000 bytes long"),
        ({}, b"{}", "Instance not found"),
    ],
)
async def test_a_message_at_fault_is_dead_lettered_and_its_neighbours_go_on(
    settings: Settings, client: Client, engine: AsyncEngine, change: dict[str, str], body: bytes, error: str
) -> None:
    good, bad = provision(), wish(EventType.RETRY_REQUESTED, uuid4(), ALICE, datetime.now(UTC))
    await publish(client, good)
    to = f"instances.{bad.instance_id}.retry.requested"
    await jetstream(client).publish(to, body, headers={**headers(bad), **change})
    async with part(lifecycle.run, settings):
        letter = await dead_letter(client)
        await until(lambda: state(engine, good.instance_id), what="the neighbour to be decided")
    assert letter.headers is not None
    assert error in letter.headers["dead-letter-error"]
    assert (letter.data, letter.headers["dead-letter-subject"]) == (body, to)


async def test_a_wish_of_a_type_that_does_not_exist_is_dead_lettered(settings: Settings, client: Client) -> None:
    to = f"instances.{uuid4()}.explode.requested"
    await jetstream(client).publish(to, b"{}", headers={"ce-type": "explode.requested"})
    async with part(lifecycle.run, settings):
        letter = await dead_letter(client)
    assert letter.headers is not None
    assert "ce-type: 'explode.requested' is no event type" in letter.headers["dead-letter-error"]
    assert letter.headers["dead-letter-subject"] == to


async def test_what_nobody_listens_to_is_refused_to_whoever_publishes_it(client: Client) -> None:
    """The stream would take it, keep it for nobody and so drop it."""
    with pytest.raises((NoStreamResponseError, NoRespondersError)):
        await jetstream(client).publish(f"instances.{uuid4()}.no.such", b"{}")


async def test_a_message_too_big_to_be_a_dead_letter_is_refused_to_whoever_publishes_it(client: Client) -> None:
    with pytest.raises(APIError, match="message size exceeds maximum allowed"):
        await jetstream(client).publish(f"instances.{uuid4()}.retry.requested", b" " * 1_000_000)
    assert (await jetstream(client).stream_info(INSTANCES_STREAM)).state.messages == 0


def progressing(instance: Instance, cause: str) -> Event:
    return Event(
        id=uuid4(),
        type=EventType.DEPLOY_PROGRESSING,
        instance_id=instance.id,
        time=datetime.now(UTC),
        actor=Actor("watcher", "watcher"),
        data=Progress(cause=cause),
        correlation_id=instance.job_id,
        attempt=instance.attempt,
        step=instance.step,
    )


async def degraded(engine: AsyncEngine, name: str) -> Instance:
    """An instance that shows causes."""
    adopted = wish(
        EventType.ADOPT_REQUESTED,
        uuid4(),
        ALICE,
        datetime.now(UTC),
        AdoptRequested(customer_id="acme", name=name, found="degraded"),
    )
    [result] = await Writer(engine, Policy()).apply([adopted])
    assert result.instance is not None
    return result.instance


async def causes(engine: AsyncEngine) -> dict[str, str | None]:
    async with engine.connect() as connection:
        return {row.name: row.cause for row in await connection.execute(text("SELECT name, cause FROM instances"))}


async def test_a_value_that_postgresql_refuses_is_found_among_its_neighbours(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    rows = [await degraded(engine, f"shop-{number}") for number in range(7)]
    said = ["no room" if number != 4 else "no\x00room" for number in range(7)]
    events = [progressing(row, cause) for row, cause in zip(rows, said, strict=True)]
    await Publisher(jetstream(client), EVENT_KEY.encode()).publish(*events)
    async with part(lifecycle.run, settings):
        letter = await dead_letter(client)
        wanted = {f"shop-{number}": "no room" if number != 4 else None for number in range(7)}

        async def told() -> bool:
            return await causes(engine) == wanted

        await until(told, what="the neighbours to be decided")
    assert letter.headers is not None
    assert letter.headers["ce-id"] == str(events[4].id)
    assert "invalid byte sequence" in letter.headers["dead-letter-error"]


async def test_an_event_that_meets_a_fault_of_ours_is_buried_at_last_and_its_neighbours_go_on(
    settings: Settings, client: Client, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = provision("good"), provision("bad")
    run = Batch.run

    def faulty(batch: Batch, events: list[Event]) -> object:
        if any(event.id == bad.id for event in events):
            raise RuntimeError("a bug")
        return run(batch, events)

    monkeypatch.setattr(Batch, "run", faulty)
    monkeypatch.setattr(lifecycle, "FAULTS", 2)
    await publish(client, good)
    await publish(client, bad)
    async with part(lifecycle.run, settings):
        letter = await dead_letter(client)
        await until(lambda: state(engine, good.instance_id), what="the neighbour to be decided")
    assert letter.headers is not None
    assert letter.headers["dead-letter-error"] == "RuntimeError: a bug"
    assert letter.headers["dead-letter-deliveries"] == "2"


async def test_tables_that_are_not_there_yet_are_no_fault_of_the_message(
    settings: Settings, client: Client, engine: AsyncEngine
) -> None:
    event = provision()
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE event_ids RENAME TO elsewhere"))
    await publish(client, event)
    async with part(lifecycle.run, settings):

        async def tried() -> bool:
            found = await jetstream(client).consumer_info(INSTANCES_STREAM, "lifecycle")
            return bool(found.num_redelivered)

        await until(tried, what="the message to come back")
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO event_ids"))
        await until(lambda: state(engine, event.instance_id), what="the wish to be decided")


async def test_a_trace_that_is_none_is_left_out(settings: Settings, client: Client, engine: AsyncEngine) -> None:
    """It would travel on in every command, and one that is too long could not be sent at all."""
    event = provision()
    said = {**headers(event), "traceparent": "x" * 64_000}
    await jetstream(client).publish(
        f"instances.{event.instance_id}.provision.requested", b'{"customer_id":"a","name":"b"}', headers=said
    )
    async with part(lifecycle.run, settings):
        await until(lambda: state(engine, event.instance_id), what="the wish to be decided")
    async with engine.connect() as connection:
        [row] = (await connection.execute(text("SELECT convert_from(event, 'UTF8') FROM audit_log LIMIT 1"))).scalars()
    assert '"traceparent":null' in row
