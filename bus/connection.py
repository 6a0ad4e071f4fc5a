"""Connections to NATS: they reconnect for ever, and every failure has one name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js import errors as js_errors

from bus.servers import servers
from schemas.errors import DependencyDown
from schemas.settings import Settings

log = structlog.get_logger()
UNREACHABLE = (nats.errors.Error, js_errors.Error, OSError, TimeoutError)
"""What the client raises when the server, or JetStream on it, does not answer as it should."""
PING_EVERY = 10
"""Seconds; a server that leaves two pings unanswered is given up, and the client connects anew."""


async def connect(settings: Settings, name: str) -> Client:
    """A connection that comes back by itself for ever.

    Raises DependencyDown when there is no server at first, BadSettings where nats_url is no list of URLs.
    """
    where = servers(settings)

    async def report(error: Exception) -> None:
        log.warning("nats.trouble", part=name, error=str(error) or type(error).__name__)

    try:
        return await nats.connect(
            where.urls,
            user=where.user,
            password=where.password,
            token=where.token,
            name=f"reprise {name}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,
            connect_timeout=5,
            ping_interval=PING_EVERY,
            allow_reconnect=True,
            error_cb=report,
        )
    except UNREACHABLE as error:
        raise DependencyDown("nats", str(error) or type(error).__name__) from error


@asynccontextmanager
async def connected(settings: Settings, name: str) -> AsyncIterator[Client]:
    """A connection for as long as the block runs."""
    client = await connect(settings, name)
    try:
        yield client
    finally:
        await client.close()


def jetstream(client: Client) -> JetStreamContext:
    """JetStream as every part asks it."""
    return client.jetstream(timeout=10)


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turns failures of NATS into DependencyDown."""
    try:
        yield
    except UNREACHABLE as error:
        raise DependencyDown("nats", str(error) or type(error).__name__) from error
