"""One door for API and console: what begins like a route of the API goes there, everything else is a page."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """Tells the two apart by the first piece of the path, which no route of the one shares with the other."""

    def __init__(self, api: FastAPI, console: ASGIApp) -> None:
        self._api = api
        self._console = console
        self._of_the_api = frozenset(map(_first, api.openapi()["paths"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As every application."""
        of_the_api = _first(scope.get("path", "/")) in self._of_the_api
        await (self._api if of_the_api else self._console)(scope, receive, send)


def _first(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else path
