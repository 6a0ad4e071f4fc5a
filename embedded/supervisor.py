"""Runs several children as one: started in order, kept running, stopped in reverse order, none left behind."""

import asyncio
from collections.abc import Coroutine
from signal import SIG_IGN, SIGHUP, SIGINT, SIGTERM, getsignal
from types import TracebackType
from typing import Any, Self

from embedded.announcements import Announce
from embedded.child import Child
from embedded.directory import DataDirectory
from embedded.keeper import Keeper
from embedded.logs import bound
from embedded.roster import Roster

STOP_ON = (SIGINT, SIGTERM, SIGHUP)
LOGS_ARE_BOUNDED_EVERY = 30.0


class Supervisor:
    """A block (`async with`) during which children run.

    SIGINT, SIGTERM and SIGHUP end the block early: what runs in it is cancelled, the children are stopped, and the
    program goes on after it. A second signal kills the children at once. An unforeseen failure of the supervision
    ends the block too, and is raised at its end. To be used in the main thread (signals, and the kernel's promise to
    end children together with the thread that started them).
    """

    def __init__(self, directory: DataDirectory, announce: Announce) -> None:
        self._directory = directory
        self._announce = announce
        self._roster = Roster(directory.roster)
        self._keepers: list[Keeper] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._block: asyncio.Task[object] | None = None
        self._ending = False
        self._interrupted = False
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        self._block = asyncio.current_task()
        for signal in STOP_ON:
            # `nohup` has us ignore SIGHUP: that stays so
            if signal is not SIGHUP or getsignal(SIGHUP) is not SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(signal, self.interrupt)
        self._go_on_with(self._bound_logs(), "logs")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._interrupted and self._block is not None:
            # before anything else: until 3.11.3, timeouts misbehave in a task that has a cancellation outstanding
            self._block.uncancel()
        try:
            await self._stop()
        finally:
            for signal in STOP_ON:
                asyncio.get_running_loop().remove_signal_handler(signal)
        return self._ended_by_interrupt(error)

    async def start(self, child: Child) -> None:
        """Start a child, return when it serves, keep it running from then on. Raises NotStarted if it does not."""
        keeper = Keeper(child, self._directory.logs / f"{child.name}.log", self._roster, self._announce)
        self._keepers.append(keeper)
        await keeper.start()
        self._go_on_with(keeper.keep(), child.name)

    def interrupt(self) -> None:
        """End the block; when it is ending already, kill what is still there."""
        if self._ending or self._block is None:
            self._kill()
        else:
            self._ending = self._interrupted = True
            self._block.cancel()

    async def _stop(self) -> None:
        self._ending = True
        for task in self._tasks:
            task.cancel()
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for keeper in reversed(self._keepers):
                await keeper.stop()
        except asyncio.CancelledError:
            self._kill()
            raise

    def _kill(self) -> None:
        for keeper in self._keepers:
            keeper.kill()

    def _ended_by_interrupt(self, error: BaseException | None) -> bool:
        if not (self._interrupted and isinstance(error, asyncio.CancelledError)):
            return False
        if self._failure is not None:
            raise self._failure
        return True

    def _go_on_with(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"supervise {name}")
        task.add_done_callback(self._look_at)
        self._tasks.append(task)

    def _look_at(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure
            self.interrupt()

    async def _bound_logs(self) -> None:
        while True:
            for log in self._directory.logs.glob("*.log"):
                bound(log)
            await asyncio.sleep(LOGS_ARE_BOUNDED_EVERY)
