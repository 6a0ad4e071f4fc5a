"""The HTTP API as the pages ask it, always with the token of who looks; its refusals as exceptions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from schemas.errors import BadInput, Conflict, DependencyDown, Forbidden, NotFound, Refused, RepriseError, Unauthorized

Document = dict[str, Any]
"""A JSON object as the API answers it; its shape is a model of schemas/views.py."""

_ERRORS: Mapping[int, type[RepriseError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict}
_GATEWAY = (502, 503, 504)
_OK, _OTHERWISE = 200, 300
_AGENT = {"User-Agent": "reprise-console"}
_PATIENCE = aiohttp.ClientTimeout(total=30, sock_connect=10)
_STREAM = aiohttp.ClientTimeout(sock_connect=10, sock_read=30)
"""Whoever listens hears a sign of life every few seconds, and whoever downloads hears the next rows."""
_KEPT = 4.0
"""Seconds for which an idle connection is kept: uvicorn closes its own after five."""
_LINE = 2**20
"""Bytes of a line of server-sent events: a row of the audit log stands in one."""
_DOWN = (aiohttp.ClientError, TimeoutError)


class Upstream:
    """Calls the API. Every method raises DependencyDown when it does not answer, and what it refuses with.

    To be made where an event loop runs.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = aiohttp.ClientSession(
            timeout=_PATIENCE,
            headers=_AGENT,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT),
            read_bufsize=_LINE,
        )

    async def close(self) -> None:
        """Once nobody asks any more."""
        await self._client.close()

    async def get(self, token: str, path: str, **query: Any) -> Document:
        """GET `path`; parameters that are None or empty are left out."""
        return await self._call(token, "GET", path, query)

    async def post(
        self, token: str, path: str, body: Document | None = None, key: str | None = None, **query: Any
    ) -> Document:
        """POST a JSON body; `key` makes the same request happen once, however often it is sent."""
        return await self._call(token, "POST", path, query, body, key)

    async def delete(self, token: str, path: str, **query: Any) -> Document:
        """DELETE `path`."""
        return await self._call(token, "DELETE", path, query)

    async def text(self, token: str, path: str) -> str:
        """GET `path`, which answers no JSON."""
        return (await self._asked(token, "GET", path)).decode()

    async def check(self, token: str, path: str) -> None:
        """GET `path`, whatever it answers with. Raises as the others do where it is refused."""
        await self._asked(token, "GET", path)

    @asynccontextmanager
    async def listen(self, token: str, path: str, after: str | None, **query: Any) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of server-sent events; `after` is the id of the last one that was heard."""
        headers = {"Last-Event-ID": after} if after else {}
        async with self._streamed(token, path, query, headers) as answer:
            yield _lines(answer.content)

    @asynccontextmanager
    async def download(self, token: str, path: str, **query: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        """What is too long to be held: its `content` gives it piece by piece, and raises where it breaks off."""
        async with self._streamed(token, path, query, {}) as answer:
            yield answer

    @asynccontextmanager
    async def _streamed(
        self, token: str, path: str, query: Document, headers: dict[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        told = {**_authorization(token), **headers}
        asked = self._client.get(
            self._url + path, params=_given(query), headers=told, timeout=_STREAM, allow_redirects=False
        )
        try:
            async with asked as answer:
                if answer.status != _OK:
                    raise _refusal(answer.status, await answer.read())
                yield answer
        except _DOWN as error:
            raise _down(error) from error

    async def _call(
        self, token: str, method: str, path: str, query: Document, body: Document | None = None, key: str | None = None
    ) -> Document:
        found: Document = orjson.loads(await self._asked(token, method, path, query, body, key))
        return found

    async def _asked(
        self,
        token: str,
        method: str,
        path: str,
        query: Document | None = None,
        body: Document | None = None,
        key: str | None = None,
    ) -> bytes:
        headers = {**_authorization(token), **({"Idempotency-Key": key} if key else {})}
        asked = self._client.request(
            method, self._url + path, params=_given(query or {}), json=body, headers=headers, allow_redirects=False
        )
        try:
            async with asked as answer:
                content = await answer.read()
        except _DOWN as error:
            raise _down(error) from error
        if not _OK <= answer.status < _OTHERWISE:
            raise _refusal(answer.status, content)
        return content


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[str]:
    """Until it ends, which is what a server that goes away does too."""
    async for line in content:
        yield line.decode().rstrip("\n")


def _given(query: Document) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value not in (None, "")}


def _authorization(token: str) -> dict[str, str]:
    """None for what is open: a header that ends in a space is refused on its way."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _down(error: Exception) -> DependencyDown:
    return DependencyDown("Reprise's API", str(error) or type(error).__name__)


def _refusal(status: int, content: bytes) -> RepriseError:
    problem = _problem(content)
    detail = str(problem.get("detail") or f"the API answered with status {status}")
    if status in _GATEWAY:
        return DependencyDown("Reprise's API", detail)
    if problem.get("field"):
        first = (problem.get("errors") or [{"field": problem["field"], "detail": detail}])[0]
        return BadInput(first["field"], first["detail"])
    return _ERRORS.get(status, Refused)(detail)


def _problem(content: bytes) -> Document:
    try:
        found = orjson.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
