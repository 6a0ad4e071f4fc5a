"""Effects stubbed at their edge: each command is answered at once with the fact that a working effect would publish."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from nats.aio.msg import Msg

from bus.connection import connected, jetstream
from bus.envelope import sealed
from bus.streams import CLUSTER, DATABASE, STREAM_OF
from schemas.payloads import DatabaseAllocated
from schemas.settings import Settings
from schemas.types import EventType

_DATABASE = DatabaseAllocated(db_server_id="bench", host="127.0.0.1", port=5432, database="odoo", username="odoo")
Fetch = Callable[[int, float], Awaitable[list[Msg]]]
TAKES = 0.01
"""Seconds that an effect takes at least. Without it the stub would answer one by one, and cost what it measures."""
ANSWERS: dict[str, tuple[EventType, bytes]] = {
    EventType.DATABASE_ALLOCATE: (EventType.DATABASE_ALLOCATED, _DATABASE.model_dump_json().encode()),
    EventType.DEPLOY_APPLY: (EventType.DEPLOY_READY, b"{}"),
    EventType.DEPLOY_STOP: (EventType.STOP_COMPLETED, b"{}"),
}


def answer(command: Mapping[str, str], key: bytes) -> tuple[str, bytes, dict[str, str]]:
    """Subject, data and headers of the fact that answers a command, given by its headers; made as cheaply as can be."""
    event_type, data = ANSWERS[command["ce-type"]]
    identity = str(uuid4())
    headers = {
        **command,
        "ce-id": identity,
        "ce-type": event_type.value,
        "ce-time": datetime.now(UTC).isoformat(),
        "ce-causationid": command["ce-id"],
    }
    return f"instances.{command['ce-subject']}.{event_type.value}", data, sealed(key, headers, data, identity)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Answers commands until `stop` is set, in batches, so that it costs little beside what is measured."""
    async with connected(settings, "bench stub") as client:
        js = jetstream(client)
        consumers = [await js.pull_subscribe_bind(durable=name, stream=STREAM_OF[name]) for name in (DATABASE, CLUSTER)]
        key = settings.event_key_bytes

        async def serve(fetch: Fetch) -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    messages = await fetch(500, 1.0)
                    answers = [answer(message.headers or {}, key) for message in messages]
                    for to, data, headers in answers:
                        await client.publish(to, data, headers=headers)
                    await client.flush()
                    for message in messages:
                        await message.ack()
                await asyncio.sleep(TAKES)

        await asyncio.gather(*(serve(consumer.fetch) for consumer in consumers))
