"""Runs an application until it is asked to stop; whoever starts the process keeps the signals."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from schemas.errors import BadSettings

GRACE = 10
"""Seconds that requests under way have to finish."""


class _Server(uvicorn.Server):
    """uvicorn without handlers of its own for SIGINT and SIGTERM."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Left to the process."""
        yield


def bind(host: str, port: int, setting: str = "REPRISE_PORT") -> socket.socket:
    """A socket that listens; port 0 takes any free one. Raises BadSettings naming the setting where it is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise BadSettings(setting, f"{host}:{port} cannot be listened on: {error.strerror or error}") from error


async def serve(app: ASGIApp, listening: socket.socket, stopping: asyncio.Event) -> None:
    """Serves until `stopping` is set; then takes no more requests and lets those under way finish."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=32 * 1024,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    asked = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        asked.cancel()
        listening.close()
