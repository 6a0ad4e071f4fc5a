"""Subscribes an effect to its commands with FastStream, and keeps the subscription's stream and consumer in being."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.security import NatsSecurity, NatsToken, NatsUserPassword
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError

from bus.connection import UNREACHABLE
from bus.servers import Servers, servers
from bus.streams import CONSUMERS, STREAM_OF, ensure
from consumers.effects import Effect
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
LOOK_EVERY = 1.0
"""Seconds between two looks whether the consumer is still there."""
PULL_FOR = 2.0
"""Seconds that one pull waits for a command; one that was under way when its consumer was deleted is lost so long."""
FINISH = 10.0
"""Seconds that commands in work are given when the part is stopped; what is not done then is delivered again."""


async def subscribe(
    settings: Settings, js: JetStreamContext, effect: Effect, durable: str, workers: int, stop: asyncio.Event
) -> None:
    """Carry out commands, `workers` at a time, until `stop` is set."""
    where = servers(settings)
    broker = NatsBroker(
        where.urls,
        security=_security(where),
        name=f"reprise {durable}",
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        connect_timeout=5,
        graceful_timeout=FINISH,
        logger=None,
    )

    @broker.subscriber(
        stream=JStream(STREAM_OF[durable], declare=False),
        durable=durable,
        config=_configuration(durable),
        pull_sub=PullSub(batch_size=1, timeout=PULL_FOR),
        max_workers=workers,
        ack_policy=AckPolicy.MANUAL,
        decoder=_undecoded,
    )
    async def command(message: NatsMessage) -> None:
        await effect.handle(message.raw_message)

    await _ensured(js, settings.nats_replicas, stop)
    try:
        async with broker:
            await broker.start()
            await _guard(js, durable, settings.nats_replicas, stop)
    except UNREACHABLE:  # the server cannot be told that we leave while it is away
        if not stop.is_set():
            raise


def _security(where: Servers) -> NatsSecurity | None:
    if where.token:
        return NatsToken(where.token)
    return NatsUserPassword(where.user, where.password) if where.user and where.password else None


def _configuration(durable: str) -> ConsumerConfig:
    """A copy of ours: FastStream makes the consumer where it finds none, and writes into what it is given."""
    return next(replace(consumer) for consumer in CONSUMERS if consumer.durable_name == durable)


async def _undecoded(message: NatsMessage) -> bytes:
    """The effect reads the message itself, and buries what cannot be read."""
    return message.body


async def _ensured(js: JetStreamContext, replicas: int, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await ensure(js, replicas)
            return
        except DependencyDown as error:
            log.warning("subscription.waits", error=str(error))
            await _unless(stop, LOOK_EVERY)


async def _guard(js: JetStreamContext, durable: str, replicas: int, stop: asyncio.Event) -> None:
    """A pull names its consumer, so one that was deleted and made anew is pulled from without subscribing again."""
    while not stop.is_set():
        try:
            await js.consumer_info(STREAM_OF[durable], durable)
        except NotFoundError:
            log.warning("subscription.lost", consumer=durable)
            await _ensured(js, replicas, stop)
        except UNREACHABLE as error:
            log.debug("subscription.unknown", error=str(error))
        await _unless(stop, LOOK_EVERY)


async def _unless(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
