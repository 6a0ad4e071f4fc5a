"""The OpenAPI document: problems under their own media type, and the token that all but health and sign-in need."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.problems import MEDIA_TYPE

TITLE = "Reprise"
DESCRIPTION = (
    "Provisions Odoo instances on Kubernetes and makes failure ordinary: a provisioning that fails cleans up, says why,"
    " and is retried until the instance runs. Errors are problem details (RFC 9457); `detail` is the sentence."
)
TAGS = [
    {"name": "instances", "description": "Make, list and look at instances."},
    {"name": "wishes", "description": "Retry, stop, start, delete and the like. Each is decided at once."},
    {"name": "bulk retries", "description": "Retry many failed instances: one first, the others once it has passed."},
    {"name": "jobs", "description": "How it goes with what a wish began."},
    {"name": "changes", "description": "Follow what happens, live."},
    {"name": "audit", "description": "Everything that was ever decided, and why."},
    {"name": "capacity", "description": "Whether there is room."},
    {"name": "database servers", "description": "Where shared databases are made."},
    {"name": "dead letters", "description": "Messages that could not be dealt with."},
    {"name": "replays", "description": "Send past events again out of the audit log, for another system."},
    {"name": "orphans", "description": "Objects in the cluster that no instance wants."},
    {"name": "brake", "description": "What stops healing and failing when many instances are lost at once."},
    {"name": "database-service", "description": "What the parts ask of the database-service."},
    {"name": "signing in", "description": "Become somebody by way of an identity provider."},
    {"name": "callers", "description": "Who is asking."},
    {"name": "health", "description": "For probes and Prometheus."},
    {"name": "documents", "description": "This API, described."},
]


def operation_id(route: APIRoute) -> str:
    """What it belongs to and what it does. FastAPI's own is made of the path: for /a-b/ it is the same as for /a/b/."""
    return re.sub(r"\W", "_", "_".join((*map(str, route.tags), route.name)))


def describe(app: FastAPI, open_paths: tuple[str, ...], prefix: str) -> None:
    """Makes `app.openapi` answer the finished document, whose paths stand under `prefix`."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(app, open_paths, prefix)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it


def _finished(app: FastAPI, open_paths: tuple[str, ...], prefix: str) -> dict[str, Any]:
    document = get_openapi(title=TITLE, version=app.version, description=DESCRIPTION, routes=app.routes, tags=TAGS)
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "made by `reprise token`"}
    document.setdefault("components", {})["securitySchemes"] = {"bearer": bearer}
    document["security"] = [{"bearer": []}]
    if prefix:
        document["servers"] = [{"url": prefix}]
    for path, operation in _operations(document):
        if path in open_paths:
            operation["security"] = []
        for answer in operation["responses"].values():
            _as_problem(answer)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def _as_problem(answer: dict[str, Any]) -> None:
    """A problem is told as application/problem+json, whatever the route answers otherwise."""
    found = [body for body in answer.get("content", {}).values() if "Problem" in str(body.get("schema"))]
    if found:
        answer["content"] = {MEDIA_TYPE: found[0]}
