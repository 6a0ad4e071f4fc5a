"""Sends requests to the Kubernetes API over kubernetes-asyncio's transport, and tells silence from refusal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import aiohttp
import orjson

from cluster.access import Access, open_access
from cluster.answers import failure
from cluster.kinds import Object
from cluster.library import load
from schemas.errors import ClusterDown
from schemas.settings import Settings
from schemas.text import cleaned

JSON = "application/json"
USER_AGENT = "reprise"
CONNECT_TIMEOUT, ANSWER_TIMEOUT = 5.0, 30.0
WATCH_SILENCE = 90.0
"""Seconds without a byte, a bookmark even, after which a watch is taken for dead."""
_DOWN = (aiohttp.ClientError, OSError, TimeoutError, ValueError)


class Connection:
    """A pool of connections that opens when it is first needed, and anew when the cluster does not know us any more."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._library = load()
        self._access: Access | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> Access:
        """The pool. Raises BadSettings where the configuration cannot be used."""
        async with self._opening:
            if self._access is None:
                self._access = await open_access(self._library, self._settings)
            return self._access

    async def close(self) -> None:
        """Close every connection; the next request opens one."""
        access, self._access = self._access, None
        if access is not None:
            with suppress(aiohttp.ClientError, OSError):
                await access.close()

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
        try:
            response = await self._send(method, path, query, body, content, timeout)
            async with response:
                answer: Object = await self._object(response)
                return answer
        except _DOWN as error:
            raise ClusterDown(_words(error)) from error

    async def lines(self, path: str, query: dict[str, str]) -> AsyncGenerator[Object, None]:
        """The objects that a watch sends, one a line, until it ends. Raises as `ask` does."""
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT, sock_read=WATCH_SILENCE)
        try:
            response = await self._send("GET", path, query, None, JSON, timeout)
            async with response:
                if response.status != 200:
                    await self._object(response)
                async for line in response.content:
                    yield orjson.loads(line)
        except _DOWN as error:
            raise ClusterDown(_words(error)) from error

    async def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None,
        body: Object | None,
        content: str,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the transport tells connecting from answering
    ) -> aiohttp.ClientResponse:
        access = await self.open()
        headers = {"Content-Type": content, "Accept": JSON, "User-Agent": USER_AGENT, **await access.headers()}
        response: aiohttp.ClientResponse = await access.transport.request(
            method,
            access.configuration.host + path,
            query_params=query,
            headers=headers,
            body=body,
            _preload_content=False,
            _request_timeout=timeout,
        )
        return response

    async def _object(self, response: aiohttp.ClientResponse) -> Any:
        body = await response.read()
        if 200 <= response.status < 300:
            return orjson.loads(body)
        if response.status == 401:
            await self.close()  # the token may have been replaced: read the configuration anew next time
        raise failure(response.status, response.headers, body)


def _words(error: BaseException) -> str:
    return cleaned(str(error) or type(error).__name__, 300)
