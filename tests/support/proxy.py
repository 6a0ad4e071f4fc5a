"""A reverse proxy as people put before Reprise: serves one prefix and nothing else, and may end TLS."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from api.server import bind

ELSEWHERE = "This is another application"
_OF_ONE_CONNECTION = frozenset({b"connection", b"keep-alive", b"transfer-encoding"})
_METHODS = ["GET", "POST", "DELETE"]


class Proxy:
    """Passes on what stands under `prefix`, with `headers` besides; one that `strips` takes the prefix off."""

    def __init__(self, client: httpx.AsyncClient, prefix: str, headers: Mapping[str, str], *, strips: bool) -> None:
        self._client, self._prefix, self._headers, self._strips = client, prefix, headers, strips

    async def __call__(self, request: Request) -> Response:
        """One request, with the Host that the browser asked for."""
        path = request.scope["raw_path"].decode()
        if not f"{path}/".startswith(f"{self._prefix}/"):
            return PlainTextResponse(ELSEWHERE, 404)
        target = httpx.URL(path.removeprefix(self._prefix) or "/" if self._strips else path)
        passed_on = self._client.build_request(
            request.method,
            target.copy_with(query=request.scope["query_string"] or None),
            headers={**request.headers, **self._headers},
            content=await request.body(),
        )
        try:
            answer = await self._client.send(passed_on, stream=True)
        except httpx.TransportError:
            return PlainTextResponse("Bad Gateway", 502)
        found = StreamingResponse(_whole(answer), answer.status_code)
        headers = [(name.lower(), value) for name, value in answer.headers.raw]
        found.raw_headers = [header for header in headers if header[0] not in _OF_ONE_CONNECTION]
        return found


async def _whole(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


@asynccontextmanager
async def proxy(
    upstream: str,
    prefix: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    strips: bool = False,
    certificate: Path | None = None,
) -> AsyncIterator[str]:
    """Where it is, for as long as the block runs; with a `certificate` (PEM, with its key) behind TLS."""
    async with httpx.AsyncClient(base_url=upstream, timeout=None) as client:  # noqa: S113 - a page may listen for ever
        passes = Proxy(client, prefix, headers or {}, strips=strips)
        app = Starlette(routes=[Route("/{path:path}", passes.__call__, methods=_METHODS)])
        async with served(app, certificate) as found:
            yield found


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Left to the tests."""
        yield


@asynccontextmanager
async def served(app: ASGIApp, certificate: Path | None = None) -> AsyncIterator[str]:
    """Any application in the test's own loop, and where it is."""
    listening = bind("127.0.0.1", 0)
    config = uvicorn.Config(
        app, log_config=None, lifespan="off", proxy_headers=False, ssl_certfile=certificate, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listening.close()
