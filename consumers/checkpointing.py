"""Takes checkpoints regularly, beside the lifecycle consumer: one taker is active, whatever fails is tried again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from nats.js import JetStreamContext

from bus import checkpoints
from bus.streams import ensure
from persistence.checkpoints import file as lines
from persistence.checkpoints.taking import Taker
from persistence.leadership import Leadership
from persistence.signing import SETTING, Signer
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
NAME = "checkpoints"
FIRST_RETRY = 1.0
LAST_RETRY = 300.0


async def run(settings: Settings, js: JetStreamContext, stop: asyncio.Event) -> None:
    """Waits for the lead, and takes checkpoints while it has it, until `stop` is set. Raises BadSettings."""
    signer = Signer.of(settings)
    if signer is None:
        log.warning("checkpoints.off", why=f"{SETTING} is missing")
        return

    async def work() -> None:
        taker = Taker(settings.database_url, signer, settings.installation)
        every = float(settings.checkpoint_every)
        age = await _insisting(lambda: _age(js), stop)  # a leader that takes over does not begin anew
        await _unless(stop, every - age if age is not None else 0)
        while not stop.is_set():
            await _insisting(lambda: take(settings, taker, js), stop)
            await _unless(stop, every)

    await Leadership(settings.database_url, NAME, timeout=settings.leader_timeout).lead(work, stop)


async def take(settings: Settings, taker: Taker, js: JetStreamContext) -> None:
    """One checkpoint, into the stream and then the file; the next builds upon it only where both have it.

    A stream that was lost, or a file that was put away, begins anew with all heads. Raises DependencyDown, OSError.
    """
    file = settings.checkpoint_file
    await ensure(js, settings.nats_replicas)
    numbers = [(await checkpoints.last(js))[0]]
    if file is not None:
        numbers.append(await asyncio.to_thread(lines.last_number, file))
    checkpoint = await taker.take(max(*numbers, taker.last_number) + 1, full=min(numbers) < taker.last_number)
    await checkpoints.append(js, checkpoint.entries)
    if file is not None:
        await asyncio.to_thread(lines.append, file, checkpoint.entries)
    taker.keep(checkpoint)
    log.info("checkpoint.taken", number=checkpoint.number, instances=len(checkpoint.heads))


async def _age(js: JetStreamContext) -> float | None:
    """Seconds since the last; None where there is none."""
    _, at = await checkpoints.last(js)
    return (datetime.now(UTC) - at).total_seconds() if at is not None else None


async def _insisting(do: Callable[[], Awaitable[float | None]], stop: asyncio.Event) -> float | None:
    """What it returns; tried with growing waits until it can be done, or `stop` is set."""
    wait = FIRST_RETRY
    while not stop.is_set():
        try:
            return await do()
        except (DependencyDown, OSError) as error:
            log.error("checkpoint.failed", error=str(error), seconds=wait)
        await _unless(stop, wait)
        wait = min(wait * 2, LAST_RETRY)
    return None


async def _unless(stop: asyncio.Event, seconds: float) -> None:
    """Waits `seconds`, or until `stop` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
