"""One part under measurement, as a process: python -m bench.part lifecycle|relay|stub."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from bench import stub
from bus import relay
from consumers import lifecycle
from consumers.garbage import collect_seldom
from schemas.settings import Settings

Run = Callable[[Settings, asyncio.Event], Awaitable[None]]
PARTS: dict[str, Run] = {"lifecycle": lifecycle.run, "relay": relay.run, "stub": stub.run}


async def main(part: str) -> None:
    """Until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await PARTS[part](Settings.load(), stop)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    collect_seldom()
    uvloop.run(main(sys.argv[1]))
