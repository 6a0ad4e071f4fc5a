"""Whoever waits for the bell ends when it is told to, though the bell rings at that very moment."""

import asyncio
from types import SimpleNamespace
from typing import Any

from bus.wake import RELAY, Bell


async def test_a_waiter_that_is_cancelled_as_it_rings_ends() -> None:
    ring: list[Any] = []

    async def subscribe(subject: str, cb: Any) -> None:
        ring.append(cb)

    bell = Bell(SimpleNamespace(subscribe=subscribe), RELAY)  # type: ignore[arg-type] # all that it needs of a client
    await bell.hang()

    async def wait_for_ever() -> None:
        while True:
            await bell.wait(60)

    waiting = asyncio.create_task(wait_for_ever())
    await asyncio.sleep(0)  # it begins to wait
    await ring[0](None)
    waiting.cancel()
    done, _ = await asyncio.wait([waiting], timeout=5)
    assert done
    assert waiting.cancelled()
