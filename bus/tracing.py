"""Where messages of one instance are on the streams: for whoever asks what became of an event."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from bus.connection import translated
from bus.envelope import MESSAGE_ID
from bus.streams import CHANGES_STREAM, CLUSTER, DATABASE, STREAM_OF
from schemas.cloudevents import CHANGES, INSTANCES, subject
from schemas.errors import DependencyDown
from schemas.events import Event
from schemas.types import DATABASE_COMMANDS

CLOCKS = timedelta(minutes=5)
"""By how much the clocks of PostgreSQL's writers and of NATS may differ."""

LOOKED_AT = 500
"""Changes of one instance that are looked through for one of them."""


class Place(NamedTuple):
    """A message on a stream; of a command, the consumer that it waits for, and whether that has it already."""

    stream: str
    sequence: int
    consumer: str | None = None
    delivered: bool = False


class News(NamedTuple):
    """The state.changed of one row."""

    instance_id: UUID
    event_id: UUID
    recorded_at: datetime


async def on_the_way(js: JetStreamContext, instance_id: UUID) -> int:
    """How many messages of the instance no consumer is done with. Raises DependencyDown."""
    async with translated():
        subjects = f"{INSTANCES}.{instance_id}.>"
        infos = [await js.stream_info(stream, subjects_filter=subjects) for stream in STREAM_OF.values()]
    return sum(count for info in infos for count in (info.state.subjects or {}).values())


async def command(js: JetStreamContext, event: Event) -> Place | None:
    """Where a command is while its consumer is not done with it; None where it is no longer. Raises DependencyDown."""
    consumer = DATABASE if event.type in DATABASE_COMMANDS else CLUSTER
    stream = STREAM_OF[consumer]
    async with translated():
        try:
            message = await js.get_last_msg(stream, subject(event))
        except NotFoundError:
            return None
        if (message.headers or {}).get("ce-id") != str(event.id) or message.seq is None:
            return None
        info = await js.consumer_info(stream, consumer)
    delivered = info.delivered is not None and info.delivered.stream_seq >= message.seq
    return Place(stream, message.seq, consumer, delivered)


async def change(js: JetStreamContext, news: News) -> Place | None:
    """Where the news stands on CHANGES; None where it does not, or not any longer. Raises DependencyDown."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=news.recorded_at - CLOCKS,
        ack_policy=AckPolicy.NONE,
        mem_storage=True,
        num_replicas=1,
        headers_only=True,
        inactive_threshold=5,
    )
    async with translated():
        subscription = await js.pull_subscribe(f"{CHANGES}.{news.instance_id}", stream=CHANGES_STREAM, config=config)
        try:
            pending = (await subscription.consumer_info()).num_pending or 0
            messages = await subscription.fetch(min(pending, LOOKED_AT), timeout=2) if pending else []
        finally:
            await subscription.unsubscribe()
    for message in messages:
        if (message.headers or {}).get(MESSAGE_ID) == str(news.event_id):
            return Place(CHANGES_STREAM, message.metadata.sequence.stream)
    return None


class Trace(NamedTuple):
    """Where messages are, by event id. `busy`: messages of the instance that no consumer is done with.

    `down` is why NATS does not say, and "" where it does.
    """

    places: dict[UUID, Place]
    busy: int = 0
    down: str = ""


async def trace(js: JetStreamContext, commands: Iterable[Event], news: News) -> Trace:
    """Looks for these commands, and for the news of one row of their instance. Raises nothing of NATS."""
    places = {}
    try:
        for event in commands:
            places[event.id] = await command(js, event)
        places[news.event_id] = await change(js, news)
        busy = await on_the_way(js, news.instance_id)
    except DependencyDown as error:
        return Trace({}, down=str(error))
    return Trace({event_id: place for event_id, place in places.items() if place is not None}, busy)
