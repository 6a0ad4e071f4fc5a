"""POST, PUT, PATCH and DELETE."""

from typing import Any

from aiohttp import web

from embedded.simulated import deletion, objects, patches, selectors, status
from embedded.simulated.http import bodies, scale
from embedded.simulated.http.paths import Target
from embedded.simulated.managed import Writer
from embedded.simulated.objects import Object
from embedded.simulated.registry import Place, Registry, place_of

_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"


async def create(registry: Registry, target: Target, request: web.BaseRequest) -> web.Response:
    body = await bodies.read(request)
    writer = _writer(request, target)
    created = registry.create(target.kind, target.namespace, body, writer, dry_run=_is_dry(request))
    return bodies.answer(created, 201)


async def replace(registry: Registry, target: Target, request: web.BaseRequest) -> web.Response:
    body = await bodies.read(request)
    return bodies.answer(_replace(registry, target, body, _writer(request, target), dry_run=_is_dry(request)))


async def patch(registry: Registry, target: Target, request: web.BaseRequest) -> web.Response:
    body = await bodies.read(request)
    if request.content_type == _APPLY:
        return _apply(registry, target, request, body)
    current = registry.get(_place(target))
    document = scale.shown(current) if target.subresource == "scale" else current
    patched = _patched(request.content_type, document, body)
    if not isinstance(patched, dict):
        raise status.bad_request("the patched object is no object")
    writer = _writer(request, target)
    return bodies.answer(_replace(registry, target, patched, writer, dry_run=_is_dry(request)))


async def delete(registry: Registry, target: Target, request: web.BaseRequest) -> web.Response:
    options = deletion.read_options(await bodies.read_optional(request), dict(request.query))
    before = registry.get(_place(target))
    obj, gone = deletion.delete(registry, _place(target), options, _writer(request, target))
    if gone and not deletion.returns_object(target.kind):
        return bodies.answer(status.success(target.kind, target.name, objects.uid(before)))
    return bodies.answer(obj)


async def delete_all(registry: Registry, target: Target, request: web.BaseRequest) -> web.Response:
    """Delete what the selectors of the request select."""
    query = dict(request.query)
    options = deletion.read_options(await bodies.read_optional(request), query)
    matcher = selectors.parse(target.kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    found = registry.store.select(target.kind, target.namespace)
    chosen = [obj for obj in found if matcher is None or matcher(obj)]
    items = []
    for obj in chosen:
        left, _ = deletion.delete(registry, place_of(target.kind, obj), options, _writer(request, target))
        items.append(left)
    kind = target.kind
    metadata = {"resourceVersion": str(registry.store.revision)}
    listed = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}
    return bodies.answer(listed)


def _replace(registry: Registry, target: Target, body: Object, writer: Writer, *, dry_run: bool) -> Object:
    if target.subresource == "scale":
        return scale.change(registry, _place(target), body, writer, dry_run=dry_run)
    return registry.update(_place(target), body, writer, dry_run=dry_run)


def _apply(registry: Registry, target: Target, request: web.BaseRequest, body: Any) -> web.Response:
    manager = request.query.get("fieldManager", "")
    if not manager:
        cause = status.required("fieldManager", "is required for apply patch")
        raise status.invalid_options("PatchOptions", cause)
    _check_applied(target, body)
    existed = registry.store.get(target.kind, target.namespace, target.name) is not None
    writer = Writer(manager, "Apply", target.subresource)
    force = request.query.get("force", "").lower() == "true"
    applied = registry.apply(_place(target), body, writer, force=force, dry_run=_is_dry(request))
    return bodies.answer(applied, 200 if existed else 201)


def _check_applied(target: Target, body: Any) -> None:
    """An applied object has to say what it is, and must not carry what apply itself writes."""
    if not isinstance(body, dict) or not body.get("kind") or not body.get("apiVersion"):
        raise status.bad_request("invalid object type: /, Kind=")
    if objects.at(body, "metadata", "managedFields"):
        raise status.bad_request("metadata.managedFields must be nil")
    name = objects.at(body, "metadata", "name")
    if name is not None and name != target.name:
        why = f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        raise status.bad_request(why)


def _patched(content_type: str, current: Object, body: Any) -> Any:
    if content_type == _JSON_PATCH:
        return patches.json_patch(current, body)
    if not isinstance(body, dict):
        raise status.bad_request("the patch must be an object")
    if content_type == _MERGE_PATCH:
        return objects.clone(patches.merge_patch(current, body))
    if content_type == _STRATEGIC:
        return objects.clone(patches.strategic(current, body))
    raise status.unsupported_media_type()


def _place(target: Target) -> Place:
    return Place(target.kind, target.namespace, target.name)


def _writer(request: web.BaseRequest, target: Target) -> Writer:
    """Who writes: the named field manager, or what the client calls itself."""
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    subresource = "" if target.subresource == "finalize" else target.subresource
    return Writer(request.query.get("fieldManager") or agent[:128], "Update", subresource)


def _is_dry(request: web.BaseRequest) -> bool:
    wanted = request.query.get("dryRun", "")
    if wanted not in ("", "All"):
        raise status.invalid_options("CreateOptions", status.unsupported("dryRun", wanted, ("All",)))
    return wanted == "All"
