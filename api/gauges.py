"""Measures what the whole installation shares, at the moment it is asked: outbox, consumers, dead letters, states."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

import structlog
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo
from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from bus import checkpoints
from bus.connection import translated as nats_translated
from bus.streams import DEAD_LETTERS_STREAM, STREAM_OF
from persistence import brake, outbox, stats
from persistence.engine import translated as database_translated
from schemas.errors import DependencyDown

Source = Callable[[CollectorRegistry], Awaitable[None]]
"""Puts its measurements into a registry that lives for one answer, so that nothing stale is ever told."""

PATIENCE = 2.0
"""Seconds that a dependency has: Prometheus gives up the whole scrape after ten."""

log = structlog.get_logger("metrics")


async def measured(sources: Sequence[Source]) -> CollectorRegistry:
    """What can be measured now; a dependency that is down costs its own numbers and no others."""
    registry = CollectorRegistry()
    up = Gauge(
        "reprise_dependency_up", "1 where the dependency answered this scrape.", ("dependency",), registry=registry
    )

    async def measure(source: Source) -> None:
        try:
            await source(registry)
        except DependencyDown as error:
            log.warning("not measured", dependency=error.dependency, error=str(error))
            up.labels(error.dependency).set(0)

    await asyncio.gather(*map(measure, sources))
    return registry


def of_database(engine: AsyncEngine) -> Source:
    """Instances by state, the brake, and the outbox."""

    async def measure(registry: CollectorRegistry) -> None:
        async with database_translated(), asyncio.timeout(PATIENCE):
            depth, counts, on = await asyncio.gather(
                outbox.depth(engine), stats.counts_by_state(engine), brake.engaged(engine)
            )
        _gauge(registry, "reprise_brake_engaged", "1 while the brake is on.").set(on is not None)
        _gauge(registry, "reprise_outbox_rows", "Rows that are due and not sent yet.").set(depth.rows)
        _gauge(registry, "reprise_outbox_timers", "Timers that are not due yet or not decided.").set(depth.timers)
        lag = _gauge(
            registry, "reprise_outbox_oldest_seconds", "Age of the oldest due row: how far the relay is behind."
        )
        lag.set(max((datetime.now(UTC) - depth.oldest).total_seconds(), 0) if depth.oldest else 0)
        states = Gauge("reprise_instances", "Instances by state.", ("state",), registry=registry)
        for state, count in counts.items():
            states.labels(state).set(count)

    return measure


def of_bus(js: JetStreamContext) -> Source:
    """What the consumers have before them, and the dead letters."""

    async def measure(registry: CollectorRegistry) -> None:
        async with nats_translated(), asyncio.timeout(PATIENCE):
            found, letters, checkpoint = await asyncio.gather(
                asyncio.gather(*map(js.consumers_info, STREAM_OF.values())),
                js.stream_info(DEAD_LETTERS_STREAM),
                checkpoints.last(js),
            )
        consumers = [each for of_stream in found for each in of_stream]
        _gauge(registry, "reprise_dead_letters", "Messages in the stream of dead letters.").set(letters.state.messages)
        _checkpoint(registry, checkpoint.taken_at if checkpoint is not None else None)
        _consumers(registry, consumers)

    return measure


def _checkpoint(registry: CollectorRegistry, taken_at: datetime | None) -> None:
    """By a label, so that nothing is told where none was ever taken: they need a key."""
    text = "Since the last signed checkpoint of the audit log."
    age = Gauge("reprise_checkpoint_age_seconds", text, ("place",), registry=registry)
    if taken_at is not None:
        age.labels("stream").set(max((datetime.now(UTC) - taken_at).total_seconds(), 0))


def _consumers(registry: CollectorRegistry, consumers: Iterable[ConsumerInfo]) -> None:
    pending = Gauge("reprise_consumer_pending", "Messages not delivered yet.", ("consumer",), registry=registry)
    unacked = Gauge("reprise_consumer_unacked", "Delivered and not done yet.", ("consumer",), registry=registry)
    again = Gauge("reprise_consumer_redelivered", "Being delivered again.", ("consumer",), registry=registry)
    for consumer in consumers:
        pending.labels(consumer.name).set(consumer.num_pending or 0)
        unacked.labels(consumer.name).set(consumer.num_ack_pending or 0)
        again.labels(consumer.name).set(consumer.num_redelivered or 0)


def _gauge(registry: CollectorRegistry, name: str, text: str) -> Gauge:
    return Gauge(name, text, registry=registry)
