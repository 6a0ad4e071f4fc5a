"""Serves the cluster until it is told to stop."""

import asyncio
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from embedded.simulated import certificate, kubeconfig
from embedded.simulated.cluster import Options, opened
from embedded.simulated.http.application import Application
from embedded.simulated.http.bodies import MAX_BODY
from embedded.simulated.listener import HOST, Listener

# Seconds for answers that are being written when the server is told to stop.
_LAST_WORDS = 0.05


@dataclass(frozen=True, slots=True)
class Server:
    """One cluster on one port, with its files in `data`."""

    data: Path
    port: int
    options: Options
    token: str | None = None
    kubeconfig: Path | None = None

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; the kubeconfig is written, and its path printed, once requests are taken."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with opened(self.data, self.options) as cluster:
            token = self._token()
            tls, authority = certificate.context(self.data)
            handle = Application(cluster.registry, token).handle
            http = web.Server(handle, request_factory=_request, access_log=None)
            listener = Listener(http, tls, self.port)
            parts = [asyncio.create_task(listener.run()), asyncio.create_task(cluster.loop.run())]
            self._announce(listener.port, token, authority)
            await _until_told(stop, parts)
            # Watches would stay for up to an hour: nobody is waited for (0 would mean for ever).
            await http.shutdown(_LAST_WORDS)

    def _token(self) -> str:
        """The given token, or the one this cluster made for itself at its first start."""
        if self.token:
            return self.token
        file = self.data / "token"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(32))
        return file.read_text().strip()

    def _announce(self, port: int, token: str, authority: str) -> None:
        file = self.kubeconfig or self.data / "kubeconfig"
        kubeconfig.write(file, f"https://{HOST}:{port}", token, authority)
        print(file, flush=True)  # noqa: T201 - its caller reads where the kubeconfig is


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]) -> web.BaseRequest:
    """What the HTTP library makes of a request, but for the size of a body, which it limits to 1 MiB otherwise."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY)


async def _until_told(stop: asyncio.Event, parts: list[asyncio.Task[None]]) -> None:
    told = asyncio.create_task(stop.wait())
    done, running = await asyncio.wait([told, *parts], return_when=asyncio.FIRST_COMPLETED)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for task in done:
        task.result()
