"""One port for both: TLS for clients of the API, plain HTTP for a look at /readyz."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

HOST = "127.0.0.1"
_TLS_HANDSHAKE = 0x16
_FIRST_BYTE_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Listener:
    """Accepts connections and gives each a protocol, behind TLS where the client begins with a TLS handshake."""

    def __init__(self, factory: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext, port: int) -> None:
        self._factory, self._tls = factory, tls
        self._socket = socket.create_server((HOST, port), backlog=256)
        self._socket.setblocking(False)
        self._greeting: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    async def run(self) -> None:
        """Accept until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                connection, _ = await loop.sock_accept(self._socket)
                task = loop.create_task(self._greet(connection))
                self._greeting.add(task)
                task.add_done_callback(self._greeting.discard)
        finally:
            self._socket.close()
            for task in self._greeting:
                task.cancel()

    async def _greet(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_FIRST_BYTE_SECONDS):
                first = await _first_byte(connection)
            if first is None:
                connection.close()
                return
            tls = self._tls if first == _TLS_HANDSHAKE else None
            await loop.connect_accepted_socket(self._factory, connection, ssl=tls)
        except (OSError, TimeoutError) as error:
            _log.debug("a connection ended before it was one: %s", error)
            connection.close()


async def _first_byte(connection: socket.socket) -> int | None:
    """Look at the first byte without taking it; None where the client left without sending any."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    first = connection.recv(1, socket.MSG_PEEK)
    return first[0] if first else None
