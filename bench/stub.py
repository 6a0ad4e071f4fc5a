"""Effects stubbed at their edge: each command is answered at once with the fact that a working effect would publish."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

from nats.aio.msg import Msg

from bus.connection import connected, jetstream
from bus.envelope import decode, encode
from bus.streams import CLUSTER, DATABASE, INSTANCES_STREAM
from schemas.events import Actor, Event, fact_id
from schemas.payloads import DatabaseAllocated, Nothing
from schemas.requests import Closed
from schemas.settings import Settings
from schemas.types import EventType

_DATABASE = DatabaseAllocated(db_server_id="bench", host="127.0.0.1", port=5432, database="odoo", username="odoo")
Fetch = Callable[[int, float], Awaitable[list[Msg]]]
ANSWERS: dict[EventType, tuple[EventType, Closed]] = {
    EventType.DATABASE_ALLOCATE: (EventType.DATABASE_ALLOCATED, _DATABASE),
    EventType.DEPLOY_APPLY: (EventType.DEPLOY_READY, Nothing()),
    EventType.DEPLOY_STOP: (EventType.STOP_COMPLETED, Nothing()),
}


def answer(command: Event) -> Event:
    """The fact that answers a command."""
    event_type, data = ANSWERS[command.type]
    return Event(
        id=fact_id(command.instance_id, command.step or 0, event_type, "stub"),
        type=event_type,
        instance_id=command.instance_id,
        time=datetime.now(UTC),
        actor=Actor("bench", "stub"),
        data=data,
        correlation_id=command.correlation_id,
        attempt=command.attempt,
        step=command.step,
        causation_id=command.id,
    )


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Answers commands until `stop` is set, in batches, so that it costs little beside what is measured."""
    async with connected(settings, "bench stub") as client:
        js = jetstream(client)
        consumers = [
            await js.pull_subscribe_bind(durable=name, stream=INSTANCES_STREAM) for name in (DATABASE, CLUSTER)
        ]
        key = settings.event_key_bytes

        async def serve(fetch: Fetch) -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    messages = await fetch(500, 1.0)
                    answers = [encode(answer(decode(message, key)), key) for message in messages]
                    waiting = [await js.publish_async(to, data, headers=headers) for to, data, headers in answers]
                    await asyncio.gather(*waiting)
                    for message in messages:
                        await message.ack()

        await asyncio.gather(*(serve(consumer.fetch) for consumer in consumers))
