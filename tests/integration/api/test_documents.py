"""The documents that describe the API and the bus are complete, and true to what is served."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from jsonschema import Draft202012Validator

from api import asyncapi
from api.routes import sign_in
from schemas.payloads import PAYLOADS
from schemas.types import EventType
from tests.integration.api.world import World

DESIGNED = {
    "GET /api/cluster/orphans",
    "POST /api/cluster/orphans/remove",
    "GET /api/brake",
    "GET /api/dead-letters",
    "GET /api/dead-letters/{sequence}",
    "POST /api/dead-letters/{sequence}/redrive",
    "POST /api/dead-letters/{sequence}/drop",
    "POST /api/brake/release",
    "POST /api/instance/admin/retry-instance/{instance_id}",
    "POST /api/instances",
    "GET /api/instances",
    "GET /api/instances/{instance_id}",
    "DELETE /api/instances/{instance_id}",
    "GET /api/instances/{instance_id}/audit",
    "GET /api/instances/{instance_id}/timeline",
    "GET /api/instances/{instance_id}/resources",
    "GET /api/instances/{instance_id}/history",
    "GET /api/instances/{instance_id}/history/changes",
    *(
        f"POST /api/instances/{{instance_id}}/{wish}"
        for wish in (
            "retry",
            "stop",
            "start",
            "hold",
            "release",
            "cancel",
            "restore",
            "events",
            "reveal-admin-password",
        )
    ),
    "GET /api/jobs/{job_id}",
    "POST /api/retries",
    "GET /api/retries",
    "GET /api/retries/{bulk_id}",
    "DELETE /api/retries/{bulk_id}",
    "POST /api/retries/{bulk_id}/pause",
    "POST /api/retries/{bulk_id}/resume",
    "POST /api/replays",
    "GET /api/replays",
    "GET /api/replays/{replay_id}",
    "POST /api/replays/{replay_id}/stop",
    "POST /api/replays/{replay_id}/resume",
    "GET /api/events",
    "POST /api/events",
    "GET /api/capacity",
    "POST /api/instances/adopt",
    "GET /api/database-servers",
    "PUT /api/database-servers/{server_id}",
    "POST /api/database-servers/{server_id}/drain",
    "POST /api/database-servers/{server_id}/undrain",
    "GET /api/me",
    "GET /api/sign-in",
    "POST /api/sign-in",
    "POST /api/sign-in/token",
    "GET /api/overview",
    "GET /api/parts",
    "GET /api/audit",
    "GET /api/audit/checkpoints",
    "GET /api/audit/export",
    "GET /api/audit/exports",
    "GET /api/audit/exports/{export_id}",
    "GET /api/audit/follow",
    "GET /api/audit/signing-keys",
    "GET /api/audit/stats",
    "GET /api/audit/verifications",
    "POST /api/audit/verifications",
    "GET /api/audit/{event_id}",
    *(f"GET {path}" for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/asyncapi")),
}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def _resolve(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


async def test_every_route_is_described_with_its_errors(world: World) -> None:
    document = (await world.acme.get("/openapi.json")).json()
    operations = dict(_operations(document))
    assert set(operations) == DESIGNED
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        if not name.endswith(("/healthz", "/readyz")):
            assert {"401", "403", "422", "500", "503"} <= set(operation["responses"]), name
            assert ("security" in operation) == name.endswith(sign_in.OPEN_PATHS), name
        if "{" in name:
            assert "404" in operation["responses"], name
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(operation["responses"]), name
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            [model] = {_resolve(document, found)["title"] for found in _references(body)}
            assert document["components"]["schemas"][model]["examples"], name
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and not name.endswith("/readyz"):
                assert list(answer["content"]) == ["application/problem+json"], (name, status)


async def test_the_examples_are_what_the_document_allows(world: World) -> None:
    document = (await world.acme.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    shown = {name for name, model in schemas.items() if "examples" in model}
    assert {"CreateInstance", "RetryInstance", "Wish", "PublishEvent", "Problem"} <= shown
    for name in shown:
        wanted = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        for example in schemas[name]["examples"]:
            Draft202012Validator(wanted).validate(example)


async def test_the_document_tells_quantities_and_spans_from_other_text(world: World) -> None:
    properties = (await world.acme.get("/openapi.json")).json()["components"]["schemas"]["CreateInstance"]["properties"]
    for name, good, bad in (("cpu", "500m", "lots"), ("memory", "1Gi", "-1Gi"), ("patience", "24h", "soon")):
        allowed = Draft202012Validator(properties[name])
        assert allowed.is_valid(good), name
        assert not allowed.is_valid(bad), name


async def test_every_reference_of_the_documents_resolves(world: World) -> None:
    for path in ("/openapi.json", "/asyncapi"):
        document = (await world.acme.get(path)).json()
        references = set(_references(document))
        assert references
        for reference in references:
            assert _resolve(document, reference), reference


async def test_the_documentation_is_a_page_that_loads_nothing_from_elsewhere(world: World) -> None:
    page = await world.acme.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for operation in DESIGNED:
        assert operation in page.text
    assert not re.search(r"(src|href)=", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_browser_without_a_token_is_asked_for_one(world: World) -> None:
    asked = await world.nobody.get("/docs", headers={"Accept": "text/html,*/*"})
    assert asked.status_code == 401
    assert "<form>" in asked.text
    assert "/api/instances" not in asked.text
    assert asked.headers["www-authenticate"].startswith("Bearer")
    machine = await world.nobody.get("/docs", headers={"Accept": "application/json"})
    assert machine.headers["content-type"] == "application/problem+json"


async def test_the_bus_is_described_by_the_models_that_read_it(world: World, app: FastAPI) -> None:
    document = (await world.acme.get("/asyncapi")).json()
    assert document == asyncapi.document(app.version)
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    assert set(messages) == {*EventType, "state.changed"}
    for kind in EventType:
        [channel] = [one for one in document["channels"].values() if kind.value in one["messages"]]
        assert channel["address"] == f"instances.{{instanceId}}.{kind.value}"
        assert messages[kind]["payload"]["$ref"].endswith(f"/{PAYLOADS[kind].__name__}")
    received = [one for one in document["operations"].values() if one["action"] == "receive"]
    assert len(received) == sum(kind.endswith(".requested") for kind in EventType)
