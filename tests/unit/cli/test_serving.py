"""Several parts as one: they stop together, they fail together, and none is waited for for ever."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cli.serving import run
from schemas.errors import BadSettings, RepriseError

Work = Callable[[], Awaitable[None]]


def patient(stop: asyncio.Event, done: list[str], name: str) -> Work:
    async def work() -> None:
        await stop.wait()
        done.append(name)

    return work


async def test_all_finish_once_they_are_asked_to() -> None:
    stop, done = asyncio.Event(), list[str]()
    running = asyncio.create_task(run({name: patient(stop, done, name) for name in ("a", "b")}, stop))
    stop.set()
    await running
    assert sorted(done) == ["a", "b"]


async def test_one_that_fails_ends_the_others_which_finish_first() -> None:
    stop, done = asyncio.Event(), list[str]()

    async def fails() -> None:
        raise BadSettings("REPRISE_X", "is wrong")

    with pytest.raises(BadSettings, match="REPRISE_X: is wrong"):
        await run({"good": patient(stop, done, "good"), "bad": fails}, stop)
    assert done == ["good"]


async def test_a_failure_in_a_group_of_one_is_raised_as_itself() -> None:
    async def fails() -> None:
        raise ExceptionGroup("tasks", [ExceptionGroup("tasks", [BadSettings("REPRISE_X", "is wrong")])])

    with pytest.raises(BadSettings):
        await run({"bad": fails}, asyncio.Event())


async def test_an_unforeseen_failure_is_logged_and_named() -> None:
    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(RepriseError, match=r"^Part bad has failed; its log tells why$"):
        await run({"bad": fails}, asyncio.Event())


async def test_one_that_returns_unasked_has_failed() -> None:
    async def returns() -> None:
        return

    stop = asyncio.Event()
    with pytest.raises(RepriseError, match=r"^Part early ended without being asked to$"):
        await run({"early": returns, "other": patient(stop, [], "other")}, stop)


async def test_what_does_not_finish_in_time_is_cut_off() -> None:
    stop, cut = asyncio.Event(), list[str]()

    async def deaf() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.append("deaf")
            raise

    stop.set()
    await run({"deaf": deaf}, stop, grace=0.05)
    assert cut == ["deaf"]
