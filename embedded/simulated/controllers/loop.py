"""Runs the controllers: every change names what to look at again, and each look is one short, synchronous step."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from embedded.simulated.kinds import ALL
from embedded.simulated.status import StatusError
from embedded.simulated.store import Change, Store

Key = tuple[str, ...]

_log = logging.getLogger(__name__)
# A refused step is tried again later; twice as late each time.
_FIRST_RETRY = 0.5
_LAST_RETRY = 30.0


class Controller(Protocol):
    """Drives one kind of thing to where its spec wants it."""

    def keys(self, change: Change) -> Iterable[Key]:
        """What to look at again because of this change."""
        ...

    def reconcile(self, key: Key) -> float | None:
        """One look: do what is due now. The answer is when to look again, in seconds, or None for the next change."""
        ...


class Loop:
    """One queue for all controllers. A controller sees its own writes as changes like everybody else's."""

    def __init__(self, store: Store, controllers: Iterable[Controller]) -> None:
        self._store, self._controllers = store, tuple(controllers)
        self._queue: dict[tuple[Controller, Key], None] = {}
        self._timers: dict[tuple[Controller, Key], asyncio.TimerHandle] = {}
        self._failures: dict[tuple[Controller, Key], int] = {}
        self._work = asyncio.Event()

    async def run(self) -> None:
        """Look at everything there is once, then at what changes, until cancelled."""
        stop = self._store.listen(self._notice)
        try:
            for kind in ALL:
                for obj in self._store.select(kind):
                    self._notice(Change(self._store.revision, kind, None, obj))
            await self._forever()
        finally:
            stop()
            for timer in self._timers.values():
                timer.cancel()

    async def _forever(self) -> None:
        while True:
            await self._work.wait()
            while self._queue:
                controller, key = next(iter(self._queue))
                del self._queue[controller, key]
                self._look(controller, key)
                # Requests are answered between two looks, however much there is to do.
                await asyncio.sleep(0)
            self._work.clear()

    def _notice(self, change: Change) -> None:
        for controller in self._controllers:
            for key in controller.keys(change):
                self._add(controller, key)

    def _add(self, controller: Controller, key: Key) -> None:
        self._queue.setdefault((controller, key))
        self._work.set()

    def _look(self, controller: Controller, key: Key) -> None:
        again = self._try(controller, key)
        if (timer := self._timers.pop((controller, key), None)) is not None:
            timer.cancel()
        if again is not None:
            loop = asyncio.get_running_loop()
            self._timers[controller, key] = loop.call_later(again, self._fire, controller, key)

    def _fire(self, controller: Controller, key: Key) -> None:
        self._timers.pop((controller, key), None)
        self._add(controller, key)

    def _try(self, controller: Controller, key: Key) -> float | None:
        try:
            again = controller.reconcile(key)
        except StatusError as refused:
            _log.info("%s %s: %s", type(controller).__name__, key, refused)
            return self._retry_delay(controller, key)
        except Exception:
            _log.exception("%s %s", type(controller).__name__, key)
            return self._retry_delay(controller, key)
        self._failures.pop((controller, key), None)
        return again

    def _retry_delay(self, controller: Controller, key: Key) -> float:
        failures = self._failures.get((controller, key), 0)
        self._failures[controller, key] = failures + 1
        return float(min(_FIRST_RETRY * 2**failures, _LAST_RETRY))
