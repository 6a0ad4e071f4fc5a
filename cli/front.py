"""One door for API and console: what begins like a route of the API goes there, everything else is a page."""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from cli.prefix import first


class Front:
    """Tells the two apart by the first piece of the path, which no route of the one shares with the other."""

    def __init__(self, api: ASGIApp, of_the_api: Collection[str], console: ASGIApp) -> None:
        self._api = api
        self._of_the_api = of_the_api
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As every application."""
        of_the_api = first(scope.get("path", "/")) in self._of_the_api
        await (self._api if of_the_api else self._console)(scope, receive, send)
