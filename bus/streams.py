"""The streams and consumers, created and updated by Reprise itself: an empty server will do."""

from dataclasses import replace
from typing import Any, NamedTuple

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import BadRequestError, NotFoundError

from bus.connection import translated
from schemas.cloudevents import CHANGES, INSTANCES
from schemas.types import CLUSTER_COMMANDS, DATABASE_COMMANDS, DECIDED, WISHES, EventType

INSTANCES_STREAM = "INSTANCES"
DATABASE_STREAM = "DATABASE_COMMANDS"
CLUSTER_STREAM = "CLUSTER_COMMANDS"
CHANGES_STREAM = "CHANGES"
DEAD_LETTERS_STREAM = "DEAD_LETTERS"
CHECKPOINTS_STREAM = "CHECKPOINTS"
LIFECYCLE = "lifecycle"
DATABASE = "database"
CLUSTER = "cluster"
DUPLICATE_WINDOW = 120.0
ACK_WAIT = 30.0
MAX_ACK_PENDING = 20_000
"""A command that comes back later counts until then: a few thousand that wait must not keep the next one waiting."""


ANY_WISH = f"{INSTANCES}.*.*.requested"
"""Wishes are taken whatever they are called, so that a misspelt one becomes a dead letter."""


def subjects(types: frozenset[EventType]) -> list[str]:
    """The subjects of these types for every instance."""
    named = sorted(f"{INSTANCES}.*.{event_type.value}" for event_type in types - WISHES)
    return [ANY_WISH, *named] if types & WISHES else named


class Work(NamedTuple):
    """What a consumer works on: a stream of its own, so that it filters nothing.

    A consumer with several filters costs the server a look at every subject that waits in the stream, for each message
    (filestore.go, firstMatchingMulti, of nats-server 2.15): half a core with 1,500 instances on their way.
    """

    consumer: str
    stream: str
    types: frozenset[EventType]


WORK = (
    Work(LIFECYCLE, INSTANCES_STREAM, DECIDED),
    Work(DATABASE, DATABASE_STREAM, DATABASE_COMMANDS),
    Work(CLUSTER, CLUSTER_STREAM, CLUSTER_COMMANDS),
)
STREAM_OF = {work.consumer: work.stream for work in WORK}
"""By consumer."""


def _worked_on(work: Work) -> StreamConfig:
    """Interest and discard=new: a full stream pushes back into the outbox; discard=old would drop what nobody consumed.

    Only subjects that somebody consumes: what is published on any other is refused, and not taken to be dropped.
    """
    return StreamConfig(
        name=work.stream,
        subjects=subjects(work.types),
        retention=RetentionPolicy.INTEREST,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        max_bytes=1 << 30,
        max_msg_size=1 << 18,  # with its headers; a dead letter, which is longer, fits into the server's 1 MiB
        duplicate_window=DUPLICATE_WINDOW,
    )


def _limited(name: str, subject: str, **other: Any) -> StreamConfig:
    """A stream that drops the oldest where it is full."""
    return StreamConfig(
        name=name,
        subjects=[subject],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_bytes=256 << 20,
        duplicate_window=DUPLICATE_WINDOW,
        **other,
    )


STREAMS = (
    *map(_worked_on, WORK),
    _limited(CHANGES_STREAM, f"{CHANGES}.*", max_age=7 * 86_400),
    _limited(DEAD_LETTERS_STREAM, "dead-letters.*"),
    # what was told here about the audit log cannot be taken back
    _limited(CHECKPOINTS_STREAM, "checkpoints.*", deny_delete=True, deny_purge=True),
)


def _consumer(work: Work) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=work.consumer,
        ack_policy=AckPolicy.EXPLICIT,
        deliver_policy=DeliverPolicy.ALL,
        ack_wait=ACK_WAIT,
        max_deliver=-1,
        max_ack_pending=MAX_ACK_PENDING,
    )


CONSUMERS = tuple(map(_consumer, WORK))


async def ensure(js: JetStreamContext, replicas: int = 1) -> None:
    """Creates what is missing and updates what differs; several may do so at once.

    `replicas`: how many servers keep each message; consumers are kept by as many. Raises DependencyDown.
    """
    async with translated():
        for stream in STREAMS:
            await _ensure_stream(js, replace(stream, num_replicas=replicas))
        for work, consumer in zip(WORK, CONSUMERS, strict=True):
            await js.add_consumer(work.stream, consumer)


async def _ensure_stream(js: JetStreamContext, wanted: StreamConfig) -> None:
    name = wanted.name or ""
    try:
        await js.stream_info(name)
    except NotFoundError:
        try:
            await js.add_stream(wanted)
        except BadRequestError:  # another part was faster, with a configuration of its own
            await js.update_stream(wanted)
        return
    await js.update_stream(wanted)
