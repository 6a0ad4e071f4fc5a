"""Sends requests to the Kubernetes API over kubernetes-asyncio's transport, and tells silence from refusal."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import structlog

from cluster.access import Access, open_access
from cluster.answers import failure
from cluster.kinds import Object
from cluster.library import load
from cluster.outages import Outages
from schemas.errors import BadSettings, ClusterDown
from schemas.settings import Settings
from schemas.text import cleaned

JSON = "application/json"
USER_AGENT = "reprise"
CONNECT_TIMEOUT, ANSWER_TIMEOUT = 5.0, 30.0
WATCH_SILENCE = 90.0
"""Seconds without a byte, a bookmark even, after which a watch is taken for dead."""
UNKNOWN = 401
_DOWN = (aiohttp.ClientError, OSError, TimeoutError, ValueError)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `content` is the type of `body`."""

    method: str
    path: str
    query: dict[str, str] | None
    body: Object | None
    content: str
    timeout: aiohttp.ClientTimeout


class Connection:
    """A pool of connections that opens when it is first needed, and anew whenever what proves who we are is replaced:
    tokens and certificates are rotated, a kubeconfig is rewritten, a cluster is set up anew.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._library = load()
        self._access: Access | None = None
        self._opening = asyncio.Lock()
        self.outages = Outages(datetime.now(UTC))

    async def open(self) -> Access:
        """The pool. Raises BadSettings where the configuration cannot be used, and never has been."""
        if self._access is None or self._access.is_stale:
            await self._read(self._access)
        return self._opened()

    async def close(self) -> None:
        """Close every connection; the next request opens one."""
        access, self._access = self._access, None
        if access is not None:
            await access.close()

    async def _read(self, known: Access | None) -> None:
        """Read the configuration anew, unless another request has done so since it was `known`."""
        async with self._opening:
            if self._access is not known:
                return
            try:
                self._access = await open_access(self._library, self._settings)
            except BadSettings as error:
                if known is None:
                    raise
                log.warning("cluster.access_kept", error=str(error))  # it may be half written
                return
            if known is not None:
                await known.retire()

    def _opened(self) -> Access:
        if self._access is None:
            raise ClusterDown("the connection was closed")
        return self._access

    async def ask(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Object | None = None,
        content: str = JSON,
    ) -> Object:
        """One request and its answer. Raises ClusterDown, ClusterRefused, Gone, Outdated or Expired."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT, sock_connect=CONNECT_TIMEOUT)
        request = Request(method, path, query, body, content, timeout)
        try:
            async with self._answered(request) as response:
                answer: Object = orjson.loads(await response.read())
                self.outages.answered(datetime.now(UTC))
                return answer
        except ClusterDown:
            self.outages.failed()
            raise
        except _DOWN as error:
            self.outages.failed()
            raise ClusterDown(_words(error)) from error

    async def lines(self, path: str, query: dict[str, str]) -> AsyncGenerator[Object, None]:
        """The objects that a watch sends, one a line, until it ends. Raises as `ask` does."""
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT, sock_read=WATCH_SILENCE)
        try:
            async with self._answered(Request("GET", path, query, None, JSON, timeout)) as response:
                async for line in response.content:
                    yield orjson.loads(line)
        except _DOWN as error:
            raise ClusterDown(_words(error)) from error

    @asynccontextmanager
    async def _answered(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, which is no failure. Asked once more where we were not known: nothing was done then."""
        access = await self.open()
        async with access.borrowed() as transport, await _sent(transport, access, request) as response:
            if response.status != UNKNOWN:
                await _check(response)
                yield response
                return
        await self._read(access)
        access = self._opened()
        async with access.borrowed() as transport, await _sent(transport, access, request) as response:
            await _check(response)
            yield response


async def _sent(transport: Any, access: Access, request: Request) -> aiohttp.ClientResponse:
    headers = {"Content-Type": request.content, "Accept": JSON, "User-Agent": USER_AGENT, **access.headers}
    response: aiohttp.ClientResponse = await transport.request(
        request.method,
        access.configuration.host + request.path,
        query_params=request.query,
        headers=headers,
        body=request.body,
        _preload_content=False,
        _request_timeout=request.timeout,
    )
    return response


async def _check(response: aiohttp.ClientResponse) -> None:
    if not 200 <= response.status < 300:
        raise failure(response.status, response.headers, await response.read())


def _words(error: BaseException) -> str:
    return cleaned(str(error) or type(error).__name__, 300)
