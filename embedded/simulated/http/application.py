"""Takes every request: who may ask, what the path names, which verb answers."""

import hmac
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from embedded.simulated import status
from embedded.simulated.http import bodies, discovery, paths, reading, writing
from embedded.simulated.http.paths import Target
from embedded.simulated.registry import Registry
from embedded.simulated.status import StatusError

_OPEN = frozenset({"/healthz", "/readyz", "/livez"})
_log = logging.getLogger(__name__)

Verb = Callable[[Registry, Target, web.BaseRequest], Awaitable[web.StreamResponse]]
_ON_OBJECT: dict[str, Verb] = {"PUT": writing.replace, "PATCH": writing.patch, "DELETE": writing.delete}
_ON_COLLECTION: dict[str, Verb] = {"POST": writing.create, "DELETE": writing.delete_all}


class Application:
    """The whole API as one request handler."""

    def __init__(self, registry: Registry, token: str) -> None:
        self._registry, self._authorization = registry, f"Bearer {token}".encode()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers every request; what is refused is a Status, what goes wrong here is logged and a 500."""
        try:
            return await self._answer(request)
        except StatusError as refused:
            return bodies.refusal(refused)
        except ConnectionResetError:
            raise
        except Exception:
            _log.exception("%s %s", request.method, request.path_qs)
            return bodies.refusal(StatusError(500, "InternalError", "Internal error occurred: see the cluster's log"))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path not in _OPEN and not self._is_known(request):
            raise status.unauthorized()
        if request.method == "GET" and (document := discovery.answer(request.path)) is not None:
            return document
        target = paths.parse(request.path)
        if target is None:
            return _unknown(request.path)
        if request.method == "GET":
            return await self._read(target, request)
        verbs = _ON_OBJECT if target.name else _ON_COLLECTION
        if request.method not in verbs or (request.method == "POST" and _needs_namespace(target)):
            raise status.method_not_allowed()
        return await verbs[request.method](self._registry, target, request)

    async def _read(self, target: Target, request: web.BaseRequest) -> web.StreamResponse:
        if request.query.get("watch", "").lower() in ("true", "1"):
            return await reading.follow(self._registry, target, request)
        if target.name:
            return reading.get(self._registry, target)
        return reading.list_(self._registry, target, dict(request.query))

    def _is_known(self, request: web.BaseRequest) -> bool:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, self._authorization)


def _needs_namespace(target: Target) -> bool:
    return target.kind.namespaced and not target.namespace


def _unknown(path: str) -> web.Response:
    """The real server words an unknown resource of a known group as a Status, anything else as plain text."""
    parts = path.strip("/").split("/")
    known = parts[:2] == ["api", "v1"] or any(discovery.answer("/".join(parts[:3])) for _ in (0,) if parts[0] == "apis")
    if known and len(parts) > 2:
        raise status.unknown_resource()
    return web.Response(text="404 page not found\n", status=404)
