"""Puts each part together from what it needs; only the parts that a process runs are loaded."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from schemas.settings import Settings

Run = Callable[[Settings, asyncio.Event], Awaitable[None]]
"""Works until the event is set, then finishes what is in flight and returns."""


async def lifecycle(settings: Settings, stop: asyncio.Event) -> None:
    """Decides events, and admits."""
    from consumers.lifecycle import run

    await run(settings, stop)


async def relay(settings: Settings, stop: asyncio.Event) -> None:
    """Moves the outbox into JetStream."""
    from bus.relay import run

    await run(settings, stop)


WORK: Mapping[str, Run] = {"lifecycle": lifecycle, "relay": relay}
"""The parts that work; the others only answer over HTTP."""
