"""Checkpoints in a stream that lets nobody delete a message: what was once told stays told."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from bus.connection import translated
from bus.streams import CHECKPOINTS_STREAM
from persistence.checkpoints.entries import TAKEN_SUBJECT, Entry
from persistence.signing import Document
from schemas.errors import NotFound

AT_ONCE = 50


async def append(js: JetStreamContext, entries: Iterable[Entry]) -> None:
    """Publish these, one after the other. Raises DependencyDown."""
    async with translated():
        for entry in entries:
            await js.publish(entry.subject, entry.data, stream=CHECKPOINTS_STREAM)


class Last(NamedTuple):
    """The last that was taken: its number and its moment, and the signed word that ends it."""

    number: int
    taken_at: datetime
    document: Document


async def last(js: JetStreamContext) -> Last | None:
    """None where there is none. Whether its signature holds is for who asks. Raises DependencyDown."""
    async with translated():
        try:
            message = await js.get_last_msg(CHECKPOINTS_STREAM, TAKEN_SUBJECT)
        except NotFoundError:
            return None
    try:
        document = orjson.loads(message.data or b"")["document"]
        return Last(int(document["number"]), datetime.fromisoformat(document["taken_at"]).astimezone(UTC), document)
    except (ValueError, KeyError, TypeError):  # none of ours: whoever may connect to NATS may publish there
        return None


async def read(js: JetStreamContext) -> AsyncIterator[bytes]:
    """Every entry that the stream has now. Raises NotFound where there is no such stream, DependencyDown."""
    async with translated():
        try:
            left = (await js.stream_info(CHECKPOINTS_STREAM)).state.messages
        except NotFoundError:
            raise NotFound("There is no stream of checkpoints: none was ever taken") from None
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL, inactive_threshold=30)
        subscription = await js.pull_subscribe("checkpoints.>", stream=CHECKPOINTS_STREAM, config=config)
        try:
            while left > 0:
                messages = await subscription.fetch(min(AT_ONCE, left), timeout=10)
                left -= len(messages)
                for message in messages:
                    yield message.data
        finally:
            await subscription.unsubscribe()
