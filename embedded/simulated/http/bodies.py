"""Reads request bodies and writes answers."""

from typing import Any

import orjson
from aiohttp import web

from embedded.simulated import status
from embedded.simulated.status import StatusError

# What the real API server accepts (3 MiB).
MAX_BODY = 3 * 1024 * 1024


async def read(request: web.BaseRequest) -> Any:
    """The body as JSON or, where it is none, as YAML. Raises StatusError (400, 413, 415)."""
    if "protobuf" in request.content_type or "cbor" in request.content_type:
        raise status.unsupported_media_type()
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise status.too_large() from error
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "yaml" in request.content_type:
            return _read_yaml(raw)
        raise status.bad_request(f"couldn't get version/kind; json parse error: {error}") from error


async def read_optional(request: web.BaseRequest) -> dict[str, Any]:
    """The body where there is one, else an empty object."""
    body = await read(request) if request.can_read_body and await request.read() else {}
    if not isinstance(body, dict):
        raise status.bad_request("the body must be an object")
    return body


def answer(body: Any, code: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=code, content_type="application/json")


def refusal(error: StatusError) -> web.Response:
    return answer(error.body(), error.code)


def _read_yaml(raw: bytes) -> Any:
    # Seldom needed (kubectl sends JSON), so its cost at start and in memory is not paid for always.
    import yaml

    try:
        return yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise status.bad_request(f"error decoding YAML: {error}") from error
