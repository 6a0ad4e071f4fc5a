"""Waits for something one can see, with a deadline: the one place under tests/ that may sleep."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, overload

Value = TypeVar("Value")
Wait = Coroutine[Any, Any, Value]
PAUSE = 0.02


@overload
def until(
    check: Callable[[], Awaitable[Value]], timeout: float = ..., *, what: str | None = ..., pause: float = ...
) -> Wait[Value]: ...
@overload
def until(
    check: Callable[[], Value], timeout: float = ..., *, what: str | None = ..., pause: float = ...
) -> Wait[Value]: ...
async def until(
    check: Callable[[], Any],
    timeout: float = 30.0,  # noqa: ASYNC109 - it ends with what was seen last, which asyncio.timeout cannot say
    *,
    what: str | None = None,
    pause: float = PAUSE,
) -> Any:
    """Ask `check` (plain or async) again and again until its answer is truthy, and return that answer.

    `pause`: seconds between two looks; longer where a look costs what is looked at.

    Raises AssertionError after `timeout` seconds, naming what was waited for and the last answer. What `check` raises
    goes through at once.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + timeout
    while True:
        answer = await _ask(check)
        if answer:
            return answer
        if clock.time() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what or _source(check)}; last seen: {answer!r}")
        await asyncio.sleep(pause)


async def _ask(check: Callable[[], Any]) -> Any:
    answer = check()
    return await answer if inspect.isawaitable(answer) else answer


def _source(check: Callable[[], Any]) -> str:
    try:
        return " ".join(inspect.getsource(check).split())
    except (OSError, TypeError):
        return repr(check)
