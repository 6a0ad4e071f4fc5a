"""Admission: gives free places to the instances that have waited longest. Several may run; each round is locked."""

import asyncio

import structlog
from nats.aio.client import Client

from bus import wake
from persistence.admission import admit
from persistence.writer import Writer
from schemas.errors import DependencyDown

log = structlog.get_logger()
POLL = 2.0


async def run(client: Client, writer: Writer, places: int, stop: asyncio.Event) -> None:
    """Until `stop` is set: after every commit that concerns it, and every POLL seconds."""
    bell = wake.Bell(client, wake.ADMISSION)
    await bell.hang()
    while not stop.is_set():
        try:
            await admit(writer, places)
        except DependencyDown as error:
            log.warning("admission.waits", error=str(error))
        waiting = asyncio.create_task(bell.wait(POLL))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        stopping.cancel()
