"""Takes checkpoints regularly, beside the lifecycle consumer: one process at a time; what fails is tried again."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from nats.js import JetStreamContext

from bus import checkpoints
from bus.streams import ensure
from persistence.checkpoints import file as lines
from persistence.checkpoints.taking import Taker
from persistence.leadership import alone
from persistence.signing import SETTING, Signer
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
NAME = "checkpoints"
FIRST_RETRY = 1.0
LAST_RETRY = 300.0
BUSY = 5.0
"""Seconds until the next look while another process takes one."""


async def run(settings: Settings, js: JetStreamContext, stop: asyncio.Event) -> None:
    """Takes a checkpoint whenever one is due, until `stop` is set. Raises BadSettings for a key that is wrong."""
    signer = Signer.of(settings)
    if signer is None:
        log.warning("checkpoints.off", why=f"{SETTING} is missing")
        return
    rounds = Rounds(settings, Taker(settings.database_url, signer, settings.installation), js)
    wait = FIRST_RETRY
    while not stop.is_set():
        try:
            pause, wait = await rounds.go(), FIRST_RETRY
        except (DependencyDown, OSError) as error:
            log.error("checkpoint.failed", error=str(error), seconds=wait)
            pause, wait = wait, min(wait * 2, LAST_RETRY)
        except Exception:  # a fault of ours in this must not end what decides beside it
            log.exception("checkpoint.failed", seconds=LAST_RETRY)
            pause = LAST_RETRY
        await _unless(stop, pause)


class Rounds:
    """One look after another whether a checkpoint is due; what one process has taken, none of the others takes."""

    def __init__(self, settings: Settings, taker: Taker, js: JetStreamContext) -> None:
        self._settings = settings
        self._taker = taker
        self._js = js
        self._owed = False

    async def go(self) -> float:
        """Takes one where it is due; returns the seconds until the next look. Raises DependencyDown, OSError.

        What failed half-way is owed, however fresh the one is that the stream has of it.
        """
        every = float(self._settings.checkpoint_every)
        async with alone(self._settings.database_url, NAME) as free:
            if not free:
                return BUSY
            age = await _age(self._js)
            if age is not None and age < every and not self._owed:
                return every - age
            self._owed = True
            await take(self._settings, self._taker, self._js)
            self._owed = False
        return every


async def take(settings: Settings, taker: Taker, js: JetStreamContext) -> None:
    """One checkpoint, into the stream and then the file; the next builds upon it only where both have it.

    A stream that was lost, or a file that was put away, begins anew with all heads. Raises DependencyDown, OSError.
    """
    file = settings.checkpoint_file
    await ensure(js, settings.nats_replicas)
    known = await checkpoints.last(js)
    numbers = [known.number if known is not None else 0]
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
    known = await checkpoints.last(js)
    return (datetime.now(UTC) - known.taken_at).total_seconds() if known is not None else None


async def _unless(stop: asyncio.Event, seconds: float) -> None:
    """Waits `seconds`, or until `stop` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
