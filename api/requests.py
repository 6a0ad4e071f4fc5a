"""Around every request: an id, one line in the log, and an answer even where the code was wrong."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem
from schemas.text import cleaned

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged at debug only."""

_OWN_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_HARDENING = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
log = structlog.get_logger("api")


class Observed:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Binds the request's id to all that is logged meanwhile."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await _Exchange(scope, send, request_id).run(self.app, receive)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._path = cleaned(scope["path"], 500)
        self._status = 0
        self._began = time.perf_counter()

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self._scope, receive, self._answer)
        except Exception:
            log.exception("a request failed", method=self._scope["method"], path=self._path)
            if self._status:
                raise  # the answer has begun: closing the connection is all that is left to say
            detail = f"Something is wrong in Reprise; its log tells more under the id {self._request_id}"
            await problem(500, detail, self._scope)(self._scope, receive, self._answer)
        finally:
            self._log()

    async def _answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in _HARDENING.items():
                headers.setdefault(name, value)
        await self._send(message)

    def _log(self) -> None:
        caller = self._scope.get("state", {}).get("caller")
        say = log.debug if self._path in QUIET else log.info
        say(
            "request",
            method=self._scope["method"],
            path=self._path,
            status=self._status,
            seconds=round(time.perf_counter() - self._began, 4),
            caller=caller.subject if caller is not None else None,
        )


def _request_id(scope: Scope) -> str:
    """The caller's own id where it is a decent one, so that its log and ours can be read side by side."""
    own = Headers(scope=scope).get("x-request-id", "")
    return own if _OWN_ID.match(own) else uuid4().hex
