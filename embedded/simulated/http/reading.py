"""GET: one object, a list in pages, or a watch."""

import base64
from dataclasses import dataclass

import orjson
from aiohttp import web

from embedded.simulated import objects, selectors, status, watch
from embedded.simulated.http import bodies, scale
from embedded.simulated.http.paths import Target
from embedded.simulated.objects import Object
from embedded.simulated.registry import Place, Registry

# A watch without a limit of its own ends like the real server's: after half an hour to an hour.
DEFAULT_WATCH_SECONDS = 2400.0


@dataclass(frozen=True, slots=True)
class Page:
    """Where a continued list goes on: after `after`, at the revision the first page was read at."""

    revision: int
    after: tuple[str, str]

    def token(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps({"v": 1, "rv": self.revision, "start": self.after})).decode()


def get(registry: Registry, target: Target) -> web.Response:
    found = registry.get(Place(target.kind, target.namespace, target.name))
    return bodies.answer(scale.shown(found) if target.subresource == "scale" else found)


def list_(registry: Registry, target: Target, query: dict[str, str]) -> web.Response:
    """A page of the collection. Raises StatusError (400 for a bad selector, 410 for a page that is too old)."""
    page = _read_page(query.get("continue", ""), registry)
    found = _select(registry, target, query)
    if page is not None:
        found = [obj for obj in found if _key(obj) > page.after]
    limit = _number(query, "limit") or len(found)
    shown, left = found[:limit], len(found) - limit
    revision = registry.store.revision if page is None else page.revision
    metadata = {"resourceVersion": str(revision)}
    if left > 0:
        metadata |= {"continue": Page(revision, _key(shown[-1])).token(), "remainingItemCount": left}  # type: ignore[dict-item]
    kind = target.kind
    # Items of a list carry no kind of their own, as on the real server.
    items = [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in shown]
    body = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}
    return bodies.answer(body)


async def follow(registry: Registry, target: Target, request: web.BaseRequest) -> web.StreamResponse:
    """Stream watch events, one JSON document a line."""
    wanted = read_watch(target, dict(request.query))
    events = watch.Watch(registry.store, wanted).events()
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        async for event in events:
            await response.write(orjson.dumps(event) + b"\n")
    finally:
        await events.aclose()
    return response


def read_watch(target: Target, query: dict[str, str]) -> watch.Request:
    """What a watch asks for. Raises StatusError (400)."""
    version = query.get("resourceVersion", "")
    initial = query.get("sendInitialEvents") == "true"
    namespace, fields = target.namespace, query.get("fieldSelector", "")
    if target.name:
        fields = ",".join(filter(None, (fields, f"metadata.name={target.name}")))
    return watch.Request(
        kind=target.kind,
        namespace=namespace,
        matcher=selectors.parse(target.kind, query.get("labelSelector", ""), fields),
        since=None if version in ("", "0") or initial else _revision(version),
        bookmarks=query.get("allowWatchBookmarks") in ("true", "1", "True"),
        mark_initial=initial,
        seconds=float(_number(query, "timeoutSeconds") or DEFAULT_WATCH_SECONDS),
    )


def _select(registry: Registry, target: Target, query: dict[str, str]) -> list[Object]:
    matcher = selectors.parse(target.kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    found = registry.store.select(target.kind, target.namespace)
    return found if matcher is None else [obj for obj in found if matcher(obj)]


def _key(obj: Object) -> tuple[str, str]:
    return objects.namespace(obj), objects.name(obj)


def _read_page(token: str, registry: Registry) -> Page | None:
    if not token:
        return None
    try:
        content = orjson.loads(base64.urlsafe_b64decode(token))
        page = Page(int(content["rv"]), (content["start"][0], content["start"][1]))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise status.bad_request("continue key is not valid") from error
    if page.revision < registry.store.compacted:
        raise status.expired("The provided continue parameter is too old to display a consistent list result.")
    return page


def _revision(text: str) -> int:
    if not text.isdecimal():
        why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        # That the client is at fault is told by the words alone: the real server calls it its own failure.
        raise status.StatusError(500, "", why)
    return int(text)


def _number(query: dict[str, str], name: str) -> int:
    text = query.get(name, "0") or "0"
    if not text.isdecimal():
        raise status.bad_request(f"{name} must be an unsigned integer")
    return int(text)
