"""Serves what stands under a prefix: whether a proxy passes it on or takes it off, and to neighbours without it."""

from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import BadSettings


class Prefixed:
    """Takes the prefix off where a path has it and puts it before where an answer leads: only links know of it."""

    def __init__(self, app: ASGIApp, prefix: str, own: Collection[str]) -> None:
        """Raises BadSettings for a prefix that begins with one of `own`, the first pieces of the application's paths:
        nobody could tell whether such a path has lost its prefix on the way.
        """
        if prefix and first(prefix) in own:
            raise BadSettings("REPRISE_PATH_PREFIX", f"/{first(prefix)} is a path of Reprise's own; choose another")
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As every application."""

        async def leading(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location", "").startswith("/"):
                    headers["location"] = self._prefix + headers["location"]
            await send(message)

        path = scope.get("path", "")
        if self._prefix and f"{path}/".startswith(f"{self._prefix}/"):
            scope = {**scope, "path": path.removeprefix(self._prefix) or "/"}
        await self._app(scope, receive, leading)


def first(path: str) -> str:
    """The first piece of a path, by which it is known whose it is."""
    return path.split("/", 2)[1] if path.startswith("/") else path
