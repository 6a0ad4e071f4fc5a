"""Stands between Reprise and the API server of a cluster, and does what networks, load balancers and servers do."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from tests.support.ports import free_port

HOST = "127.0.0.1"
EXPIRED = {
    "kind": "Status",
    "status": "Failure",
    "reason": "Expired",
    "code": 410,
    "message": "too old resource version",
}
_HOP = frozenset({"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"})


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    at: float

    @property
    def plural(self) -> str:
        """The kind that is listed or watched: "pods"."""
        return self.path.rpartition("/")[2]

    @property
    def is_watch(self) -> bool:
        return "watch" in self.query

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and "limit" in self.query


def anything(asked: Asked) -> bool:
    return True


def nothing(asked: Asked, change: dict[str, Any]) -> bool:
    return False


@dataclass
class Fault:
    """An answer in place of the server's; `late`: the server was asked, and only its answer is lost."""

    status: int
    when: Callable[[Asked], bool] = anything
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    late: bool = False


@dataclass(eq=False)
class _Watch:
    asked: Asked
    response: web.StreamResponse
    request: web.Request


class Interference:
    """A proxy that passes everything on, but for what it was told. See `interference`."""

    def __init__(self, server: str, trusted: ssl.SSLContext) -> None:
        self.port = free_port()
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.loses: Callable[[Asked, dict[str, Any]], bool] = nothing
        """Whether a change does not arrive at whoever watches."""
        self.instead: Callable[[Asked], dict[str, Any] | None] = lambda asked: None
        """What is answered without asking the server, if anything."""
        self.watch_for: int | None = None
        """Seconds after which the server is to end a watch, in place of what was asked."""
        self.told: list[tuple[Asked, dict[str, Any]]] = []
        """Every change that was passed on, and to which watch."""
        self._server, self._trusted = server, trusted
        self._watches: set[_Watch] = set()

    def cut(self) -> int:
        """Every watch breaks off, as when a load balancer goes; answers how many."""
        broken, self._watches = self._watches, set()
        for watch in broken:
            if watch.request.transport is not None:
                watch.request.transport.abort()
        return len(broken)

    async def expire(self) -> int:
        """Every watch ends with 410, as when the server has forgotten its version."""
        line = json.dumps({"type": "ERROR", "object": EXPIRED}).encode() + b"\n"
        found, self._watches = self._watches, set()
        for watch in found:
            with suppress(ConnectionError):
                await watch.response.write(line)
        return len(found)

    @property
    def open_watches(self) -> int:
        """How many go on just now."""
        return len(self._watches)

    def lists(self, plural: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.is_list and asked.plural == plural]

    def watches(self, plural: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.is_watch and asked.plural == plural]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What is told to whoever asked."""
        asked = Asked(request.method, request.path, dict(request.query), asyncio.get_running_loop().time())
        self.asked.append(asked)
        made_up = self.instead(asked)
        if made_up is not None:
            return web.json_response(made_up)
        fault = next((fault for fault in self.faults if fault.times > 0 and fault.when(asked)), None)
        if fault is None:
            return await self._pass_on(request, asked)
        fault.times -= 1
        if fault.late:
            await self._pass_on(request, asked)
        status = {"kind": "Status", "status": "Failure", "code": fault.status, "message": f"injected {fault.status}"}
        return web.json_response(status, status=fault.status, headers=fault.headers)

    async def _pass_on(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        query = dict(request.query)
        if asked.is_watch and self.watch_for is not None:
            query["timeoutSeconds"] = str(self.watch_for)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        body = await request.read()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), read_bufsize=2**21) as session,
                session.request(
                    asked.method, self._server + asked.path, params=query, headers=headers, data=body, ssl=self._trusted
                ) as answer,
            ):
                return await self._answered(request, asked, answer)
        except (aiohttp.ClientError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()  # the server is away: so is what stands before it
            return web.Response(status=502)

    async def _answered(self, request: web.Request, asked: Asked, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        if not asked.is_watch or answer.status != 200:
            return web.Response(status=answer.status, headers=kept, body=await answer.read())
        response = web.StreamResponse(status=200, headers=kept)
        await response.prepare(request)
        watch = _Watch(asked, response, request)
        self._watches.add(watch)
        try:
            async for line in answer.content:
                change = json.loads(line)
                if not self.loses(asked, change):
                    await response.write(line)
                    self.told.append((asked, change))
        finally:
            self._watches.discard(watch)
        return response


@asynccontextmanager
async def interference(kubeconfig: Path, through: Path) -> AsyncIterator[Interference]:
    """The proxy; `through`: where the kubeconfig of whoever is to reach the cluster through it is written."""
    found = _before(kubeconfig, through)
    application = web.Application(client_max_size=2**24)
    application.router.add_route("*", "/{path:.*}", found.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, found.port).start()
        yield found
    finally:
        found.cut()
        await runner.cleanup()


def _before(kubeconfig: Path, through: Path) -> Interference:
    document = yaml.safe_load(kubeconfig.read_text())
    cluster = document["clusters"][0]["cluster"]
    found = Interference(cluster["server"], _trusted(kubeconfig, cluster))
    document["clusters"][0]["cluster"] = {"server": f"http://{HOST}:{found.port}"}
    through.write_text(yaml.safe_dump(document))
    return found


def _trusted(kubeconfig: Path, cluster: dict[str, Any]) -> ssl.SSLContext:
    if "certificate-authority" in cluster:
        return ssl.create_default_context(cafile=kubeconfig.parent / cluster["certificate-authority"])
    return ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
