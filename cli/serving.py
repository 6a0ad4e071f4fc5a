"""Runs several parts in one process until a signal, or until one of them ends."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial

import structlog

from cli.parts import checked
from cli.wiring import WORK, Process, http
from schemas.errors import RepriseError
from schemas.settings import Settings

GRACE = 10.0
"""Seconds for what is in flight; after that it is left to redelivery. Less than supervisors allow before they kill."""

Work = Callable[[], Awaitable[None]]

log = structlog.get_logger("serve")


async def serve(settings: Settings, names: Collection[str]) -> None:
    """Run these parts until SIGTERM or SIGINT. Raises as `run` does, and BadSettings for a setting that is missing."""
    checked(settings, names)
    process = Process(settings, frozenset(names), asyncio.Event())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, process.stop.set)
    log.info("parts.start", parts=sorted(names))
    work: dict[str, Work] = {name: partial(WORK[name], process) for name in names if name in WORK}
    await run({**work, "http": partial(http, process)}, process.stop)
    log.info("parts.stopped", parts=sorted(names))


async def run(work: Mapping[str, Work], stop: asyncio.Event, grace: float = GRACE) -> None:
    """All of it at once until `stop` is set; then each finishes what is in flight, for at most `grace` seconds.

    One that fails, or returns before it was asked to, ends them all. Once they have stopped, what it raised is raised:
    as it is where it was raised on purpose, else as a RepriseError, after it was logged.
    """
    tasks = [asyncio.create_task(_named(name, do), name=name) for name, do in work.items()]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    early = [task for task in tasks if task.done()] if not stop.is_set() else []
    stop.set()
    await _finish(tasks, grace)
    _raise_failures(tasks, early)


async def _named(name: str, do: Work) -> None:
    with structlog.contextvars.bound_contextvars(part=name):
        await do()


async def _finish(tasks: Collection[asyncio.Task[None]], grace: float) -> None:
    _, late = await asyncio.wait(tasks, timeout=grace)
    for task in late:
        log.warning("part.cut_off", part=task.get_name(), seconds=grace)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _raise_failures(tasks: Collection[asyncio.Task[None]], early: Collection[asyncio.Task[None]]) -> None:
    failures = {task.get_name(): _only(error) for task in tasks if not task.cancelled() and (error := task.exception())}
    for name, error in failures.items():
        log.error("part.failed", part=name, error=str(error), exc_info=None if _foreseen(error) else error)
    for name, error in failures.items():
        raise error if _foreseen(error) else RepriseError(f"Part {name} has failed; its log tells why")
    if early:
        raise RepriseError(f"Part {', '.join(task.get_name() for task in early)} ended without being asked to")


def _foreseen(error: BaseException) -> bool:
    return isinstance(error, RepriseError)


def _only(error: BaseException) -> BaseException:
    """What is in a group of one: parts run their own work in task groups."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
