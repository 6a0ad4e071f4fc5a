"""A core-NATS ping to whoever waits for work that has just been committed; a poll is the safety net."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from persistence.batch import Result
from statemachine.decision import Outcome
from statemachine.states import HOLDS_A_PLACE, State

log = structlog.get_logger()

RELAY = "reprise.wake.relay"
ADMISSION = "reprise.wake.admission"


class Bell:
    """Rings when somebody pings its subject."""

    def __init__(self, client: Client, subject: str) -> None:
        self._client = client
        self._subject = subject
        self._rung = asyncio.Event()

    async def hang(self) -> None:
        """Begins to listen."""

        async def ring(_: Msg) -> None:
            self._rung.set()

        await self._client.subscribe(self._subject, cb=ring)

    async def wait(self, at_most: float) -> None:
        """Until it rings, or for `at_most` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._rung.wait()
        self._rung.clear()


class Waker:
    """Observes a writer: after a commit it wakes the relay, and admission where a place or a candidate came up."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, results: Sequence[Result]) -> None:
        """Never blocks; a ping that is lost costs one poll."""
        applied = [result for result in results if result.outcome is Outcome.APPLIED]
        if not applied:
            return
        self._ping(RELAY)
        if any(_concerns_admission(result) for result in applied):
            self._ping(ADMISSION)

    def _ping(self, subject: str) -> None:
        if self._client.is_connected:
            task = asyncio.ensure_future(self._client.publish(subject))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.debug("wake.failed", error=str(task.exception()))


def _concerns_admission(result: Result) -> bool:
    before = result.before.state if result.before else None
    after = result.instance.state if result.instance else None
    return after is State.PENDING or (before in HOLDS_A_PLACE and after not in HOLDS_A_PLACE)
