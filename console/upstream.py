"""The HTTP API as the pages ask it, always with the token of who looks; its refusals as exceptions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from schemas.errors import BadInput, Conflict, DependencyDown, Forbidden, NotFound, Refused, RepriseError, Unauthorized

Document = dict[str, Any]
"""A JSON object as the API answers it; its shape is a model of schemas/views.py."""

_ERRORS: Mapping[int, type[RepriseError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict}
_GATEWAY = (502, 503, 504)
_AGENT = {"User-Agent": "reprise-console"}
_STREAM = httpx.Timeout(10.0, read=30.0)
"""Whoever listens hears a sign of life every few seconds, and whoever downloads hears the next rows."""


class Upstream:
    """Calls the API. Every method raises DependencyDown when it does not answer, and what it refuses with."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=url, timeout=30.0, headers=_AGENT, limits=httpx.Limits(max_connections=None)
        )

    async def close(self) -> None:
        """Once nobody asks any more."""
        await self._client.aclose()

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
        return (await self._asked(token, "GET", path)).text

    async def check(self, token: str, path: str) -> None:
        """GET `path`, whatever it answers with. Raises as the others do where it is refused."""
        await self._asked(token, "GET", path)

    @asynccontextmanager
    async def listen(self, token: str, path: str, after: str | None, **query: Any) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of server-sent events; `after` is the id of the last one that was heard."""
        headers = {"Last-Event-ID": after} if after else {}
        async with self._streamed(token, path, query, headers) as answer:
            yield answer.aiter_lines()

    @asynccontextmanager
    async def download(self, token: str, path: str, **query: Any) -> AsyncIterator[httpx.Response]:
        """What is too long to be held: `aiter_bytes` gives it piece by piece, and raises where it breaks off."""
        async with self._streamed(token, path, query, {}) as answer:
            yield answer

    @asynccontextmanager
    async def _streamed(
        self, token: str, path: str, query: Document, headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        told = {**_authorization(token), **headers}
        try:
            async with self._client.stream("GET", path, params=_given(query), headers=told, timeout=_STREAM) as answer:
                if answer.status_code != httpx.codes.OK:
                    await answer.aread()
                    raise _refusal(answer)
                yield answer
        except httpx.TransportError as error:
            raise _down(error) from error

    async def _call(
        self, token: str, method: str, path: str, query: Document, body: Document | None = None, key: str | None = None
    ) -> Document:
        found: Document = (await self._asked(token, method, path, query, body, key)).json()
        return found

    async def _asked(
        self,
        token: str,
        method: str,
        path: str,
        query: Document | None = None,
        body: Document | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        headers = {**_authorization(token), **({"Idempotency-Key": key} if key else {})}
        try:
            answer = await self._client.request(method, path, params=_given(query or {}), json=body, headers=headers)
        except httpx.TransportError as error:
            raise _down(error) from error
        if not answer.is_success:
            raise _refusal(answer)
        return answer


def _given(query: Document) -> Document:
    return {name: value for name, value in query.items() if value not in (None, "")}


def _authorization(token: str) -> dict[str, str]:
    """None for what is open: a header that ends in a space is refused on its way."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _down(error: httpx.TransportError) -> DependencyDown:
    return DependencyDown("Reprise's API", str(error) or type(error).__name__)


def _refusal(answer: httpx.Response) -> RepriseError:
    problem = _problem(answer)
    detail = str(problem.get("detail") or f"the API answered with status {answer.status_code}")
    if answer.status_code in _GATEWAY:
        return DependencyDown("Reprise's API", detail)
    if problem.get("field"):
        first = (problem.get("errors") or [{"field": problem["field"], "detail": detail}])[0]
        return BadInput(first["field"], first["detail"])
    return _ERRORS.get(answer.status_code, Refused)(detail)


def _problem(answer: httpx.Response) -> Document:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
